import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { type GitRepository, gitRepository } from "../../kit/git-repository.ts";
import { needs, peerPath } from "../../kit/peers.ts";
import { type TemporaryFolder, temporaryFolder } from "../../kit/temporary-folder.ts";
import { failuresOf, Followed, textsOf } from "./followed.ts";

function sshKey(folder: TemporaryFolder, name: string): string {
  const key = folder.file(name);
  execFileSync(peerPath("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  return key;
}

function allowed(folder: TemporaryFolder, ...keys: readonly string[]): string {
  const lines = keys.map((key) => `ann@example.com ${readFileSync(`${key}.pub`, "utf8")}`);
  return folder.put("allowed signers", lines.join(""));
}

function commitWith(repository: GitRepository, key: string, text: string): string {
  repository.git("config", "gpg.format", "ssh");
  repository.git("config", "user.signingkey", key);
  return repository.commit({ "a.yaml": text }, "Signed", "-S");
}

describe("GitSource with --git-allowed-signers", needs("git", "ssh-keygen"), () => {
  it("serves what an allowed signer signed, and refuses the rest by commit", async () => {
    using keys = temporaryFolder();
    using repository = gitRepository({ "a.yaml": "unsigned" });
    const [ann, eve] = [sshKey(keys, "ann"), sshKey(keys, "eve")];
    const signers = { allowedSigners: allowed(keys, ann) };
    await using followed = new Followed(repository.url, { signers });
    const unsigned = await followed.next();
    assert.match(failuresOf(unsigned).join(), /^git-signature -: commit \w{12} is not signed/);
    assert.equal(unsigned.origin?.kind === "git" && unsigned.origin.author, "Ann Author <ann@example.com>");
    commitWith(repository, ann, "by ann");
    assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "by ann" });
    commitWith(repository, eve, "by eve");
    assert.match(
      failuresOf(await followed.poked()).join(),
      /not signed by an allowed signer: .*No principal matched/,
    );
    allowed(keys, ann, eve);
    assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "by eve" });
  });

  it("refuses a commit that was changed after it was signed", async () => {
    using keys = temporaryFolder();
    using repository = gitRepository({ "a.yaml": "a" });
    const ann = sshKey(keys, "ann");
    commitWith(repository, ann, "good");
    const good = repository.git("cat-file", "commit", "HEAD");
    repository.write("forged", `${good.replace("Signed", "Forged")}\n`);
    const forged = repository.git("hash-object", "-t", "commit", "-w", "forged");
    repository.git("update-ref", "refs/heads/main", forged);
    const signers = { allowedSigners: allowed(keys, ann) };
    await using followed = new Followed(repository.url, { signers });
    assert.match(failuresOf(await followed.next()).join(), /^git-signature -: /);
  });

  it("serves nothing when the file of signers is gone", async () => {
    using keys = temporaryFolder();
    using repository = gitRepository({ "a.yaml": "a" });
    commitWith(repository, sshKey(keys, "ann"), "good");
    await using followed = new Followed(repository.url, { signers: { allowedSigners: keys.file("none") } });
    assert.match(
      failuresOf(await followed.next()).join(),
      /^git-signature -: signers cannot be known: ENOENT/,
    );
  });
});

describe("GitSource with --git-gpg-keyring", needs("git", "gpg", "ssh-keygen"), () => {
  it("serves what a key of the file signed, whatever else the user trusts", async () => {
    using keys = temporaryFolder();
    const home = keys.file("home");
    mkdirSync(home, { mode: 0o700 });
    const gpg = (...args: readonly string[]) =>
      execFileSync(peerPath("gpg"), ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args], {
        stdio: ["ignore", "pipe", "ignore"],
      });
    try {
      gpg("--quick-gen-key", "Ann <ann@example.com>", "ed25519", "sign", "never");
      gpg("--quick-gen-key", "Eve <eve@example.com>", "ed25519", "sign", "never");
      const gpgKeyring = keys.put("keyring", gpg("--export", "--armor", "ann@example.com"));
      using repository = gitRepository({ "a.yaml": "unsigned" }, { GNUPGHOME: home });
      const commitAs = (address: string, text: string) => {
        repository.git("config", "user.signingkey", address);
        return repository.commit({ "a.yaml": text }, "Signed", "-S");
      };
      await using followed = new Followed(repository.url, {
        signers: { gpgKeyring },
        env: { ...process.env, GNUPGHOME: home },
      });
      assert.match(failuresOf(await followed.next()).join(), /^git-signature -: commit \w{12} is not signed/);
      commitAs("ann@example.com", "by ann");
      assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "by ann" });
      commitAs("eve@example.com", "by eve");
      assert.match(failuresOf(await followed.poked()).join(), /not signed by an allowed signer: .*NO_PUBKEY/);
      // A signature of a kind that no file was given for.
      commitWith(repository, sshKey(keys, "ssh"), "by ssh");
      assert.match(failuresOf(await followed.poked()).join(), /^git-signature -: /);
    } finally {
      execFileSync(join(dirname(peerPath("gpg")), "gpgconf"), ["--homedir", home, "--kill", "all"]);
    }
  });
});
