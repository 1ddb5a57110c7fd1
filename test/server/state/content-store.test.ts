import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { ContentStore } from "../../../src/server/state/content-store.ts";
import { diskFiles, type StateFiles } from "../../../src/server/state/state-files.ts";

class PowerCut extends Error {}

/**
 * A disk in memory whose power fails before operation number `cutAt`: a write under way leaves half of its bytes, and
 * what was renamed or removed in a folder since its last sync is undone when `losesUnsynced`.
 */
function fragileDisk(durable: Map<string, Buffer>, cutAt: number, losesUnsynced: boolean) {
  const live = new Map(durable);
  let operations = 0;
  const tick = () => {
    operations += 1;
    if (operations === cutAt) throw new PowerCut(`power cut at operation ${cutAt}`);
  };
  const syncEntries = (folder: string) => {
    for (const path of durable.keys()) if (dirname(path) === folder && !live.has(path)) durable.delete(path);
    for (const [path, bytes] of live) if (dirname(path) === folder) durable.set(path, bytes);
  };
  const files: StateFiles = {
    makeFolder: async () => tick(),
    read: async (path) => live.get(path),
    writeDurably: async (path, bytes) => {
      live.set(path, bytes.subarray(0, bytes.length / 2));
      tick();
      live.set(path, bytes);
    },
    rename: async (from, to) => {
      tick();
      live.set(to, live.get(from)!);
      live.delete(from);
    },
    syncFolder: async (path) => {
      tick();
      syncEntries(path);
    },
    list: async (path) =>
      [...live.keys()].filter((file) => dirname(file) === path).map((file) => basename(file)),
    remove: async (path) => {
      tick();
      live.delete(path);
    },
  };
  return {
    files,
    operations: () => operations,
    /** What is there when the power comes back. */
    afterwards: () => (losesUnsynced ? new Map(durable) : live),
  };
}

async function contentOf(disk: Map<string, Buffer>): Promise<string> {
  const stored = await new ContentStore("/state", fragileDisk(disk, 0, false).files, "reader").get();
  assert.notEqual(stored.kind, "corrupt", stored.kind === "corrupt" ? stored.reason : "");
  return stored.kind === "found" ? stored.content.toString() : "(none)";
}

async function onDisk() {
  const folder = await mkdtemp(join(tmpdir(), "chancery-state-"));
  return {
    folder,
    store: new ContentStore(folder, diskFiles, "test"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

describe("ContentStore", () => {
  for (const losesUnsynced of [false, true]) {
    const what = losesUnsynced ? "the machine" : "the process";
    it(`holds the old or the new content, whole, whenever ${what} stops`, async () => {
      const before = new Map<string, Buffer>();
      const first = fragileDisk(before, 0, false);
      await new ContentStore("/state", first.files, "1").put(Buffer.from("the old content"));
      const start = first.afterwards();

      const seen: string[] = [];
      for (let cutAt = 1; ; cutAt += 1) {
        const disk = fragileDisk(new Map(start), cutAt, losesUnsynced);
        const put = new ContentStore("/state", disk.files, "2").put(Buffer.from("the new content"));
        const isCut = await put.then(
          () => false,
          (error: unknown) => error instanceof PowerCut,
        );
        seen.push(await contentOf(disk.afterwards()));
        if (!isCut) break;

        // What was left behind does not stop the next one from putting its content.
        const again = fragileDisk(new Map(disk.afterwards()), 0, false);
        await new ContentStore("/state", again.files, "3").put(Buffer.from("the content after"));
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
    await using disk = await onDisk();
    assert.deepEqual(await disk.store.get(), { kind: "none" });
    await disk.store.put(Buffer.from("a"));
    const hash = await disk.store.put(Buffer.from("b"));
    const other = new ContentStore(disk.folder, diskFiles, "other");
    assert.deepEqual(await other.get(), { kind: "found", content: Buffer.from("b"), hash });
  });

  it("lets nobody but this user read it", async () => {
    await using disk = await onDisk();
    const hash = await disk.store.put(Buffer.from("a private key"));
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
      await using disk = await onDisk();
      await damage(disk.folder, await disk.store.put(Buffer.from("b")));
      const stored = await disk.store.get();
      assert.equal(stored.kind, "corrupt");
      assert.match(stored.reason, reason);
      await disk.store.put(Buffer.from("b"));
      assert.equal((await disk.store.get()).kind, "found");
    });
  }

  it("keeps the last six contents and no temporary file", async () => {
    await using disk = await onDisk();
    await disk.store.put(Buffer.from("0"));
    await writeFile(join(disk.folder, "contents", ".left-over.99"), "half");
    for (let i = 1; i < 10; i += 1) await disk.store.put(Buffer.from(String(i)));
    const names = await readdir(join(disk.folder, "contents"));
    assert.equal(names.length, 6);
    assert.ok(names.every((name) => /^[0-9a-f]{64}$/.test(name)));
  });
});

describe("diskFiles.makeFolder()", () => {
  it("makes what is missing above, takes what is there, and keeps both from other users", async () => {
    const base = await mkdtemp(join(tmpdir(), "chancery-state-"));
    try {
      const path = join(base, "a/b/c");
      await diskFiles.makeFolder(path);
      await diskFiles.makeFolder(path);
      assert.equal((await stat(join(base, "a"))).mode & 0o777, 0o700);
    } finally {
      await rm(base, { recursive: true });
    }
  });

  // `mkdir` with `recursive: true` turned in circles there, at 100 % of a core, and kept SIGTERM waiting.
  it(
    "rejects where the file system refuses folders as if their parent were missing",
    { skip: process.platform === "linux" ? false : "needs /proc, which Linux has" },
    async () => {
      await assert.rejects(diskFiles.makeFolder("/proc/no-such-folder/contents"), { code: "ENOENT" });
    },
  );
});
