import assert from "node:assert/strict";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ContentStore } from "../../../src/server/state/content-store.ts";
import { diskFiles } from "../../../src/server/state/state-files.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { fragileDisk } from "./fragile-disk.ts";

async function contentOf(disk: Map<string, Buffer>): Promise<string> {
  const stored = await new ContentStore("/state", fragileDisk(disk, 0, false).files, "reader").get();
  assert.notEqual(stored.kind, "corrupt", stored.kind === "corrupt" ? stored.reason : "");
  return stored.kind === "found" ? stored.content.toString() : "(none)";
}

async function put(store: ContentStore, content: string): Promise<string> {
  const hash = await store.stage(Buffer.from(content));
  await store.commit(hash);
  return hash;
}

function onDisk() {
  const { path: folder, [Symbol.dispose]: remove } = temporaryFolder();
  return {
    folder,
    store: new ContentStore(folder, diskFiles, "test"),
    [Symbol.dispose]: remove,
  };
}

describe("ContentStore", () => {
  for (const losesUnsynced of [false, true]) {
    const what = losesUnsynced ? "the machine" : "the process";
    it(`holds the old or the new content, whole, whenever ${what} stops`, async () => {
      const before = new Map<string, Buffer>();
      const first = fragileDisk(before, 0, false);
      await put(new ContentStore("/state", first.files, "1"), "the old content");
      const start = first.afterwards();

      const seen: string[] = [];
      for (let cutAt = 1; ; cutAt += 1) {
        const disk = fragileDisk(new Map(start), cutAt, losesUnsynced);
        const store = new ContentStore("/state", disk.files, "2");
        await put(store, "the new content").catch(() => assert.ok(disk.isCut()));
        seen.push(await contentOf(disk.afterwards()));
        if (!disk.isCut()) break;

        // What was left behind does not stop the next one from putting its content.
        const again = fragileDisk(new Map(disk.afterwards()), 0, false);
        await put(new ContentStore("/state", again.files, "3"), "the content after");
        assert.equal(await contentOf(again.afterwards()), "the content after");
      }
      assert.ok(seen.length > 8, `cut at ${seen.length} operations`);
      assert.equal(seen.at(0), "the old content");
      assert.equal(seen.at(-1), "the new content");
      // Once it is the new one it never is the old one again.
      assert.deepEqual(seen, seen.toSorted().toReversed());
    });
  }

  it("gives back on a real disk what was put, also to another process", async () => {
    using disk = onDisk();
    assert.deepEqual(await disk.store.get(), { kind: "none" });
    await put(disk.store, "a");
    const hash = await put(disk.store, "b");
    const other = new ContentStore(disk.folder, diskFiles, "other");
    assert.deepEqual(await other.get(), { kind: "found", content: Buffer.from("b"), hash });
  });

  it("lets nobody but this user read it", async () => {
    using disk = onDisk();
    const hash = await put(disk.store, "a private key");
    assert.equal((await stat(join(disk.folder, "contents", hash))).mode & 0o077, 0);
  });

  const damages: [string, (folder: string, hash: string) => Promise<void>, RegExp][] = [
    [
      "a flipped byte",
      (folder, hash) => writeFile(join(folder, "contents", hash), "B"),
      /has the hash [0-9a-f]{64}/,
    ],
    ["a cut file", (folder, hash) => writeFile(join(folder, "contents", hash), ""), /has the hash/],
    ["a missing file", (folder, hash) => rm(join(folder, "contents", hash)), /is missing/],
    [
      "a pointer out of the folder",
      (folder) => writeFile(join(folder, "current"), "../x"),
      /current is not a hash/,
    ],
    ["an empty pointer", (folder) => writeFile(join(folder, "current"), ""), /current is not a hash/],
  ];
  for (const [what, damage, reason] of damages) {
    it(`notices ${what} and says where, and mends it with the next put`, async () => {
      using disk = onDisk();
      await damage(disk.folder, await put(disk.store, "b"));
      const stored = await disk.store.get();
      assert.equal(stored.kind, "corrupt");
      assert.match(stored.reason, reason);
      await put(disk.store, "b");
      assert.equal((await disk.store.get()).kind, "found");
    });
  }

  it("gives what was committed last, whatever was staged since", async () => {
    using disk = onDisk();
    const hash = await put(disk.store, "a");
    await disk.store.stage(Buffer.from("b"));
    assert.deepEqual(await disk.store.get(), { kind: "found", content: Buffer.from("a"), hash });
  });

  it("keeps the last six contents and no temporary file", async () => {
    using disk = onDisk();
    await put(disk.store, "0");
    await writeFile(join(disk.folder, "contents", ".left-over.99"), "half");
    for (let i = 1; i < 10; i += 1) await put(disk.store, String(i));
    const names = await readdir(join(disk.folder, "contents"));
    assert.equal(names.length, 6);
    assert.ok(names.every((name) => /^[0-9a-f]{64}$/.test(name)));
  });
});
