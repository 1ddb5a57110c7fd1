import assert from "node:assert/strict";
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gitRepository } from "../../kit/git-repository.ts";
import { needs } from "../../kit/peers.ts";
import { failuresOf, Followed, textsOf } from "./followed.ts";

describe("GitSource", needs("git"), () => {
  it("reads one commit, and says which, whose and when", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1", "groups/edge/b.json": "{}", "README.md": "no" });
    await using followed = new Followed(repository.url);
    const reading = await followed.next();
    assert.deepEqual(textsOf(reading), { "a.yaml": "a: 1", "groups/edge/b.json": "{}" });
    assert.deepEqual(reading.origin, {
      kind: "git",
      url: repository.url,
      commit: repository.git("rev-parse", "HEAD"),
      author: "Ann Author <ann@example.com>",
      committedAtMs: Date.parse("2026-11-01T12:00:00Z"),
      subject: "Begin",
    });
  });

  it("yields each new commit, with unchanged files as the same objects", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1", "b.yaml": "b: 1" });
    await using followed = new Followed(repository.url);
    const first = await followed.next();
    repository.commit({ "b.yaml": "b: 2" });
    const second = await followed.poked();
    assert.deepEqual(textsOf(second), { "a.yaml": "a: 1", "b.yaml": "b: 2" });
    assert.ok(first.kind === "tree" && second.kind === "tree");
    assert.equal(first.files[0], second.files[0]);
    assert.deepEqual(followed.lines, []);
  });

  it("asks by itself as often as it is told to", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url, { pollMs: 20 });
    await followed.next();
    repository.commit({ "a.yaml": "a: 2" });
    assert.deepEqual(textsOf(await followed.next()), { "a.yaml": "a: 2" });
  });

  it("yields at once when the watch begins anew, without fetching again", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url);
    const first = await followed.next();
    followed.rewatch();
    assert.equal(await followed.next(), first);
  });

  it("follows a branch, a tag and a commit", async () => {
    using repository = gitRepository({ "a.yaml": "main" });
    const first = repository.git("rev-parse", "HEAD");
    repository.git("tag", "-a", "v1", "-m", "annotated");
    repository.git("switch", "--quiet", "-c", "release/1");
    repository.commit({ "a.yaml": "release" });
    repository.git("switch", "--quiet", "main");
    repository.commit({ "a.yaml": "later" });
    for (const [target, text] of [
      [{ kind: "branch", name: "release/1" }, "release"],
      [{ kind: "tag", name: "v1" }, "main"],
      [{ kind: "commit", id: first }, "main"],
      [{ kind: "head" }, "later"],
    ] as const) {
      await using followed = new Followed(repository.url, { target });
      assert.deepEqual(textsOf(await followed.next()), { "a.yaml": text });
    }
  });

  it("reads a sub-folder, and shows files under their path in the repository", async () => {
    using repository = gitRepository({ "fleet/edge/a.yaml": "a", "other/b.yaml": "b" });
    await using followed = new Followed(repository.url, { path: "fleet/edge" });
    const reading = await followed.next();
    assert.deepEqual(textsOf(reading), { "a.yaml": "a" });
    assert.equal(reading.kind === "tree" && reading.files[0]!.shownAs, "fleet/edge/a.yaml");
  });

  it("fetches no history", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    const first = repository.git("rev-parse", "HEAD");
    repository.commit({ "a.yaml": "a: 2" });
    await using followed = new Followed(repository.url);
    await followed.next();
    await assert.rejects(async () =>
      repository.git("--git-dir", join(followed.folder, "bare"), "cat-file", "-e", first),
    );
  });

  it("keeps its content for itself: a commit is there whole after a restart, and damage is fetched anew", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url);
    await followed.next();
    const packs = join(followed.folder, "bare/objects/pack");
    for (const name of readdirSync(packs)) {
      rmSync(join(packs, name));
      writeFileSync(join(packs, name), "damaged");
    }
    writeFileSync(join(followed.folder, "bare/shallow.lock"), "");
    await using restarted = new Followed(repository.url, { folder: followed.folder });
    assert.deepEqual(textsOf(await restarted.next()), { "a.yaml": "a: 1" });
    assert.equal(existsSync(join(followed.folder, "bare/shallow.lock")), false);
  });
});

describe("GitSource, when the remote is not as it was,", needs("git"), () => {
  it("says that it cannot be reached, tries again by itself, and yields what came back", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url, { pollMs: 20 });
    await followed.next();
    repository.git("config", "core.repositoryformatversion", "99");
    const failed = failuresOf(await followed.next());
    assert.match(failed.join(), /^git-unreachable -: file:\/\/.* cannot be fetched from: /);
    assert.deepEqual([...followed.source.status().errors.keys()], ["git-unreachable"]);
    writeFileSync(
      join(repository.path, ".git/config"),
      "[core]\n\trepositoryformatversion = 0\n[uploadpack]\n\tallowFilter = true\n",
    );
    assert.deepEqual(textsOf(await followed.next()), { "a.yaml": "a: 1" });
  });

  it("says that it lost an object in the middle, keeps what it had, and goes on when that is back", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url);
    await followed.next();
    repository.commit({ "a.yaml": "a: 2" });
    const blob = repository.git("rev-parse", "HEAD:a.yaml");
    const object = join(repository.path, ".git/objects", blob.slice(0, 2), blob.slice(2));
    renameSync(object, `${object}.lost`);
    assert.match(failuresOf(await followed.poked()).join(), /^git-unreachable -: /);
    renameSync(`${object}.lost`, object);
    assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "a: 2" });
  });

  it("fetches anew what somebody has deleted of its own copy while it runs", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url);
    await followed.next();
    for (const [text, lost] of [
      ["a: 2", "bare/objects"],
      ["a: 3", "bare"],
      ["a: 4", ""],
    ] as const) {
      rmSync(join(followed.folder, lost), { recursive: true });
      repository.commit({ "a.yaml": text });
      assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": text }, lost);
    }
  });

  it("says that a branch is gone", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    repository.git("branch", "fleet");
    await using followed = new Followed(repository.url, { target: { kind: "branch", name: "fleet" } });
    await followed.next();
    repository.git("branch", "-D", "fleet");
    assert.deepEqual(failuresOf(await followed.poked()), [
      `git-ref-missing -: ${repository.url} has no branch fleet`,
    ]);
  });

  it("takes a rewritten history, and says so", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    const first = repository.commit({ "a.yaml": "a: 2" });
    await using followed = new Followed(repository.url);
    await followed.next();
    const second = repository.commit({ "a.yaml": "a: 3" }, "Amended", "--amend");
    assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "a: 3" });
    const [line] = followed.lines;
    assert.match(line?.message ?? "", /history was rewritten/);
    assert.deepEqual([line?.fields["before"], line?.fields["commit"]], [first, second]);
  });

  it("refuses a rewritten history when told to, also after a restart", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    repository.commit({ "a.yaml": "a: 2" });
    await using followed = new Followed(repository.url, { forbidsRewrite: true });
    await followed.next();
    repository.commit({ "a.yaml": "a: 3" }, "Amended", "--amend");
    assert.match(failuresOf(await followed.poked()).join(), /^git-history-rewritten -: .* was rewritten/);
    await using restarted = new Followed(repository.url, { forbidsRewrite: true, folder: followed.folder });
    assert.match(failuresOf(await restarted.next()).join(), /^git-history-rewritten/);
    await using allowed = new Followed(repository.url, { folder: followed.folder });
    assert.deepEqual(textsOf(await allowed.next()), { "a.yaml": "a: 3" });
  });

  it("says that a commit is not there, and what is no commit", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using absent = new Followed(repository.url, { target: { kind: "commit", id: "1".repeat(40) } });
    assert.match(failuresOf(await absent.next()).join(), /^git-ref-missing -: .*not our ref/);
    repository.git("tag", "blob", repository.git("rev-parse", "HEAD:a.yaml"));
    await using blob = new Followed(repository.url, { target: { kind: "tag", name: "blob" } });
    assert.match(failuresOf(await blob.next()).join(), /^git-ref-missing -: .*tag blob is not a commit/);
  });

  it("says that the folder is not in the commit", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using followed = new Followed(repository.url, { path: "fleet" });
    assert.match(
      failuresOf(await followed.next()).join(),
      /^git-path-missing -: commit \w{12} has no folder "fleet"/,
    );
  });
});
