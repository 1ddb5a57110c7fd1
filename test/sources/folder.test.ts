import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { Clock } from "../../src/base/clock.ts";
import { watchFolder, type FolderOptions } from "../../src/sources/folder.ts";
import type { Reading } from "../../src/sources/reading.ts";

/** As the system's, but its timers keep the process alive: while a folder is missing, they are all there is. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

class Tree {
  readonly #base = mkdtempSync(join(tmpdir(), "chancery-folder-"));
  readonly root = join(this.#base, "config");
  readonly #abort = new AbortController();
  #readings: AsyncGenerator<Reading, void, void> | undefined;

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(this.root);
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  /** A path beside the folder, outside of it. */
  beside(name: string): string {
    return join(this.#base, name);
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string | Buffer): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  watch(options: Partial<FolderOptions> = {}): void {
    // So slow a poll that only the watcher can be what saw a change.
    this.#readings = watchFolder(this.root, {
      signal: this.#abort.signal,
      clock,
      pollMs: 600_000,
      ...options,
    });
  }

  async next(): Promise<Reading> {
    const result = await this.#readings!.next();
    assert.ok(!result.done, "the watch has ended");
    return result.value;
  }

  /** Path to text of the next reading, which must be a tree. */
  async nextFiles(): Promise<Record<string, string>> {
    const reading = await this.next();
    assert.equal(reading.kind, "tree", JSON.stringify(reading));
    return Object.fromEntries(
      reading.kind === "tree" ? reading.files.map(({ path, text }) => [path, text]) : [],
    );
  }

  /** Codes of the next reading, which must be a failure. */
  async nextCodes(): Promise<string[]> {
    const reading = await this.next();
    assert.equal(reading.kind, "failed");
    return reading.kind === "failed" ? reading.problems.map(({ code }) => code) : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#readings?.return();
    rmSync(this.#base, { recursive: true, force: true });
  }
}

async function started(files: Readonly<Record<string, string>>, options?: Partial<FolderOptions>) {
  const tree = new Tree(files);
  tree.watch(options);
  await tree.next();
  return tree;
}

describe("watchFolder()", () => {
  it("reads yaml, yml and json at any depth and nothing else", async () => {
    await using tree = new Tree({
      "a.yaml": "a",
      "groups/edge/b.yml": "b",
      "c.json": "c",
      "README.md": "no",
      ".hidden.yaml": "no",
      ".git/config.yaml": "no",
      "a.yaml~": "no",
      "#a.yaml#": "no",
    });
    tree.watch();
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "a", "groups/edge/b.yml": "b", "c.json": "c" });
  });

  it("takes an empty folder for an empty tree", async () => {
    await using tree = new Tree();
    tree.watch();
    assert.deepEqual(await tree.nextFiles(), {});
  });

  it("sees a write, a new file in a new folder and a removal", async () => {
    await using tree = await started({ "a.yaml": "1" });
    tree.write("a.yaml", "2");
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "2" });
    tree.write("groups/edge/b.yaml", "b");
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "2", "groups/edge/b.yaml": "b" });
    unlinkSync(tree.path("a.yaml"));
    assert.deepEqual(await tree.nextFiles(), { "groups/edge/b.yaml": "b" });
  });

  it("survives the atomic renames of editors, again and again", async () => {
    await using tree = await started({ "a.yaml": "0" });
    for (const text of ["1", "2", "3"]) {
      tree.write(".a.yaml.swp", text);
      renameSync(tree.path(".a.yaml.swp"), tree.path("a.yaml"));
      assert.deepEqual(await tree.nextFiles(), { "a.yaml": text });
    }
  });

  it("merges a burst of writes into one reading and says nothing when the content ends as it was", async () => {
    await using tree = await started({ "a.yaml": "0" });
    for (let i = 0; i < 50; i += 1) tree.write(`many/${i}.yaml`, "x");
    assert.equal(Object.keys(await tree.nextFiles()).length, 51);
    tree.write("a.yaml", "1");
    tree.write("a.yaml", "0");
    tree.write("b.yaml", "b");
    const files = await tree.nextFiles();
    assert.equal(files["b.yaml"], "b");
    assert.equal(files["a.yaml"], "0");
  });

  it("XDS-125 reads the tree although endpoints are written on and on, each file whole", async () => {
    const whole = /^(\d+) \1$/;
    await using tree = await started({ "endpoints/a.yaml": "0 0", "b.yaml": "before" });
    let count = 0;
    let files: Record<string, string> = {};
    let writing: NodeJS.Immediate;
    const write = () => {
      count += 1;
      writeFileSync(tree.path(".aside"), `${count} ${count}`);
      renameSync(tree.path(".aside"), tree.path("endpoints/a.yaml"));
      writing = setImmediate(write);
    };
    write();
    try {
      tree.write("b.yaml", "after");
      while (files["b.yaml"] !== "after") {
        files = await tree.nextFiles();
        assert.match(files["endpoints/a.yaml"] ?? "", whole);
      }
    } finally {
      clearImmediate(writing!);
    }
    while (files["endpoints/a.yaml"] !== `${count} ${count}`) files = await tree.nextFiles();
  });

  it("keeps files that did not change as the same objects", async () => {
    await using tree = new Tree({ "a.yaml": "1", "b.yaml": "1" });
    tree.watch();
    const first = await tree.next();
    tree.write("b.yaml", "2");
    const second = await tree.next();
    assert.ok(first.kind === "tree" && second.kind === "tree");
    assert.equal(second.files[0], first.files[0]);
    assert.notEqual(second.files[1], first.files[1]);
  });

  it("sees each swap of a Kubernetes ConfigMap's ..data link, and never half of one", async () => {
    await using tree = new Tree();
    const publish = (version: string) => {
      tree.write(`..${version}/a.yaml`, `a${version}`);
      tree.write(`..${version}/b.yaml`, `b${version}`);
      symlinkSync(`..${version}`, tree.path("..data_tmp"));
      renameSync(tree.path("..data_tmp"), tree.path("..data"));
    };
    publish("1");
    symlinkSync("..data/a.yaml", tree.path("a.yaml"));
    symlinkSync("..data/b.yaml", tree.path("b.yaml"));
    tree.watch();
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "a1", "b.yaml": "b1" });
    for (const version of ["2", "3", "4"]) {
      publish(version);
      rmSync(tree.path(`..${Number(version) - 1}`), { recursive: true });
      assert.deepEqual(await tree.nextFiles(), { "a.yaml": `a${version}`, "b.yaml": `b${version}` });
    }
  });

  it("reports a folder that vanishes and reads it when it comes back, even with the same content", async () => {
    await using tree = await started({ "a.yaml": "1" });
    renameSync(tree.root, tree.beside("away"));
    assert.deepEqual(await tree.nextCodes(), ["folder-missing"]);
    renameSync(tree.beside("away"), tree.root);
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "1" });
    tree.write("a.yaml", "2");
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "2" });
  });

  it("follows a folder that is itself a link to a release", async () => {
    await using tree = new Tree();
    rmSync(tree.root, { recursive: true });
    for (const version of ["1", "2"]) {
      mkdirSync(tree.beside(`release${version}`));
      writeFileSync(join(tree.beside(`release${version}`), "a.yaml"), version);
    }
    symlinkSync("release1", tree.root);
    tree.watch({ pollMs: 200 });
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "1" });
    symlinkSync("release2", tree.beside("next"));
    renameSync(tree.beside("next"), tree.root);
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "2" });
  });

  it("finds changes by its poll where no event comes", async () => {
    await using tree = await started({ "a.yaml": "1" }, { pollMs: 50, quietMs: 600_000, atMostMs: 600_000 });
    tree.write("a.yaml", "2");
    assert.deepEqual(await tree.nextFiles(), { "a.yaml": "2" });
  });

  it("ends when its signal aborts", async () => {
    const abort = new AbortController();
    await using tree = new Tree();
    const readings = watchFolder(tree.root, { signal: abort.signal, clock });
    await readings.next();
    const next = readings.next();
    abort.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
  });
});

describe("watchFolder() refuses", () => {
  it("a folder that is not there, or is a file", async () => {
    await using tree = new Tree();
    rmSync(tree.root, { recursive: true });
    tree.watch();
    assert.deepEqual(await tree.nextCodes(), ["folder-missing"]);
    writeFileSync(tree.root, "");
    const reading = await tree.next();
    assert.ok(reading.kind === "failed");
    assert.match(reading.problems[0]!.message, /is not a folder/);
  });

  it("a link that leads out of the folder, to a file or to a folder, naming the link", async () => {
    await using tree = await started({ "a.yaml": "1" });
    writeFileSync(tree.beside("secret.yaml"), "secret");
    symlinkSync("../secret.yaml", tree.path("b.yaml"));
    const reading = await tree.next();
    assert.ok(reading.kind === "failed");
    assert.deepEqual(
      reading.problems.map(({ code, place }) => [code, place?.file]),
      [["symlink-outside", "b.yaml"]],
    );
    unlinkSync(tree.path("b.yaml"));
    await tree.nextFiles();
    symlinkSync("/etc", tree.path("deep"));
    assert.deepEqual(await tree.nextCodes(), ["symlink-outside"]);
  });

  it("a link whose target's name only begins like the folder's", async () => {
    await using tree = new Tree();
    mkdirSync(tree.beside("config-of-another"));
    writeFileSync(join(tree.beside("config-of-another"), "a.yaml"), "");
    symlinkSync("../config-of-another", tree.path("a"));
    tree.watch();
    assert.deepEqual(await tree.nextCodes(), ["symlink-outside"]);
  });

  it("a link to a folder that it is in", async () => {
    await using tree = new Tree({ "sub/a.yaml": "a" });
    symlinkSync("..", tree.path("sub/up"));
    tree.watch();
    assert.deepEqual(await tree.nextCodes(), ["symlink-loop"]);
  });

  it("a link that leads nowhere, after it has waited for the target", async () => {
    await using tree = new Tree({ "a.yaml": "a" });
    symlinkSync("gone.yaml", tree.path("b.yaml"));
    tree.watch();
    assert.deepEqual(await tree.nextCodes(), ["folder-unsettled"]);
  });

  it("a pipe, without waiting for its writer", async () => {
    await using tree = new Tree();
    execFileSync("mkfifo", [tree.path("a.yaml")]);
    tree.watch();
    assert.deepEqual(await tree.nextCodes(), ["not-a-file"]);
  });

  it("bytes that are not UTF-8", async () => {
    await using tree = new Tree();
    tree.write("a.yaml", Buffer.from([0x61, 0xff]));
    tree.watch();
    assert.deepEqual(await tree.nextCodes(), ["file-not-utf8"]);
  });

  it("a file over its limit, saying both sizes, without reading it", async () => {
    await using tree = new Tree({ "a.yaml": "" });
    truncateSync(tree.path("a.yaml"), 50_000_000_000);
    tree.watch();
    const reading = await tree.next();
    assert.ok(reading.kind === "failed");
    assert.ok(
      reading.problems.some(({ message }) => message === "file is 50000000000 bytes, limit is 16777216"),
    );
  });

  it("too many files and too many bytes", async () => {
    const limits = { fileBytes: 10, totalBytes: 15, files: 2 };
    await using many = new Tree({ "a.yaml": "", "b.yaml": "", "c.yaml": "" });
    many.watch({ limits });
    assert.deepEqual(await many.nextCodes(), ["too-many-files"]);
    await using large = new Tree({ "a.yaml": "12345678", "b.yaml": "12345678" });
    large.watch({ limits });
    assert.deepEqual(await large.nextCodes(), ["tree-too-large"]);
  });
});
