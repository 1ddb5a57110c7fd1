import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { defaultSourceLimits } from "../../../src/sources/reading.ts";
import { type GitRepository, gitRepository } from "../../kit/git-repository.ts";
import { needs } from "../../kit/peers.ts";
import { failuresOf, Followed, textsOf } from "./followed.ts";

const limits = { fileBytes: 1000, totalBytes: 2500, files: 5 };

/** The one reading of a repository, as `failuresOf` gives it. */
async function refusalOf(repository: GitRepository, more = {}): Promise<string[]> {
  await using followed = new Followed(repository.url, more);
  return failuresOf(await followed.next());
}

describe("GitSource and a hostile repository", needs("git"), () => {
  it("follows symlinks inside the folder: to files, to folders, through other links", async () => {
    using repository = gitRepository({ "shared/a.yaml": "a" });
    repository.link("groups/edge", "../shared");
    repository.link("b.yaml", "groups/edge/a.yaml");
    repository.commit({});
    await using followed = new Followed(repository.url);
    assert.deepEqual(textsOf(await followed.next()), {
      "b.yaml": "a",
      "groups/edge/a.yaml": "a",
      "shared/a.yaml": "a",
    });
  });

  it("refuses symlinks that lead out of it, nowhere or in a circle, and reads no file of this machine", async () => {
    using repository = gitRepository({ "a.yaml": "a" });
    repository.link("absolute.yaml", "/etc/passwd");
    repository.link("fleet/out.yaml", "../../../etc/passwd");
    repository.link("gone.yaml", "no/such.yaml");
    repository.link("fleet/loop", "../fleet");
    repository.link("self.yaml", "self.yaml");
    repository.commit({});
    assert.deepEqual(await refusalOf(repository), [
      "symlink-outside absolute.yaml: symlink leads out of the folder; copy the file into it",
      "symlink-loop fleet/loop: symlink leads back to itself, or to a folder that it is in",
      "symlink-outside fleet/out.yaml: symlink leads out of the folder; copy the file into it",
      "symlink-nowhere gone.yaml: symlink leads to nothing that is in the commit",
      "symlink-loop self.yaml: symlink leads back to itself, or to a folder that it is in",
    ]);
  });

  it("refuses a symlink out of the sub-folder that is served, under its path in the repository", async () => {
    using repository = gitRepository({ "fleet/a.yaml": "a", "other/b.yaml": "b" });
    repository.link("fleet/b.yaml", "../other/b.yaml");
    repository.commit({});
    assert.deepEqual(await refusalOf(repository, { path: "fleet" }), [
      "symlink-outside fleet/b.yaml: symlink leads out of the folder; copy the file into it",
    ]);
  });

  it("refuses submodules, and fetches none", async () => {
    using inner = gitRepository({ "b.yaml": "b" });
    using repository = gitRepository({ "a.yaml": "a" });
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.url, "inner");
    repository.commit({});
    assert.deepEqual(await refusalOf(repository), [
      "git-submodule inner: a submodule is not fetched; put its files into the repository itself",
    ]);
  });

  it("runs no hook, filter or driver of the repository", async () => {
    using repository = gitRepository({ "a.yaml": "a" });
    const proof = repository.beside("proof");
    for (const hook of ["post-checkout", "post-upload-pack", "reference-transaction", "post-merge"]) {
      repository.write(`.git/hooks/${hook}`, `#!/bin/sh\ntouch ${proof}\n`);
    }
    repository.commit({
      ".gitattributes": "*.yaml filter=evil text eol=crlf ident\n",
      "a.yaml": "a: $Id$\n",
    });
    repository.git("config", "filter.evil.smudge", `touch ${proof}`);
    repository.git("config", "filter.evil.process", `touch ${proof}`);
    await using followed = new Followed(repository.url);
    assert.deepEqual(textsOf(await followed.next()), { "a.yaml": "a: $Id$\n" });
    assert.equal(existsSync(proof), false);
  });

  it("says that a file is kept in Git LFS, and asks no LFS server", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 12\n`;
    using repository = gitRepository({ "a.yaml": pointer });
    assert.deepEqual(await refusalOf(repository), [
      "git-lfs-pointer a.yaml: the file is kept in Git LFS, which is not fetched from",
    ]);
  });

  it("refuses large files without fetching them, where the remote can leave them out", async () => {
    using repository = gitRepository({ "a.yaml": "a" });
    repository.write("big.yaml", Buffer.alloc(3_000_000, "x: y\n"));
    repository.write("large.bin", Buffer.alloc(3_000_000));
    repository.commit({});
    assert.deepEqual(await refusalOf(repository, { limits }), [
      "file-too-large big.yaml: file is larger than the limit of 1000",
    ]);
    repository.remove("big.yaml");
    repository.commit({});
    await using followed = new Followed(repository.url, { limits });
    assert.deepEqual(textsOf(await followed.next()), { "a.yaml": "a" });
  });

  it("refuses large files by their size, where the remote leaves out nothing", async () => {
    using repository = gitRepository({ "a.yaml": "a" });
    repository.git("config", "uploadpack.allowFilter", "false");
    repository.commit({ "big.yaml": "x".repeat(1001) });
    assert.deepEqual(await refusalOf(repository, { limits }), [
      "file-too-large big.yaml: file is 1001 bytes, limit is 1000",
    ]);
  });

  it("refuses too many files, and too much in all of them", async () => {
    const names = ["a", "b", "c"].map((name) => [`${name}.yaml`, name.repeat(900)]);
    using repository = gitRepository(Object.fromEntries(names));
    assert.deepEqual(await refusalOf(repository, { limits }), [
      "tree-too-large -: all files together are 2700 bytes, limit is 2500",
    ]);
    assert.deepEqual(await refusalOf(repository, { limits: { ...limits, files: 2 } }), [
      "too-many-files -: more files than the limit of 2",
    ]);
  });

  it("ends a fetch that brings more than it may, and keeps nothing of it", async () => {
    using repository = gitRepository({ "a.yaml": "a" });
    for (const name of ["b", "c", "d"]) {
      const noise = Buffer.from(Array.from({ length: 400_000 }, () => Math.floor(Math.random() * 256)));
      repository.write(`${name}.bin`, noise);
    }
    repository.commit({});
    const more = { fetchMaxBytes: 100_000, limits: { ...defaultSourceLimits, fileBytes: 500_000 } };
    await using followed = new Followed(repository.url, more);
    assert.match(
      failuresOf(await followed.next()).join(),
      /^git-too-large -: .* more than the limit of 100000 bytes/,
    );
    assert.equal(existsSync(`${followed.folder}/bare`), false);
  });

  it("refuses texts that are not UTF-8", async () => {
    using repository = gitRepository({});
    repository.write("a.yaml", Buffer.from([0x61, 0xff]));
    repository.commit({});
    assert.deepEqual(await refusalOf(repository), [
      "file-not-utf8 a.yaml: expected text in UTF-8, found the byte 0xff",
    ]);
  });

  it("keeps escape sequences of authors and subjects as data, and takes odd file names", async () => {
    using repository = gitRepository({ "-a\n: \u001b[31m.yaml": "a" });
    repository.commit({}, "\u001b[2Jclear", "--author", "\u001b[31mEve <eve@example.com>");
    await using followed = new Followed(repository.url);
    const reading = await followed.next();
    assert.deepEqual(textsOf(reading), { "-a\n: \u001b[31m.yaml": "a" });
    assert.equal(reading.origin?.kind === "git" && reading.origin.subject, "\u001b[2Jclear");
  });
});
