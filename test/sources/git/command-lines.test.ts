import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { localEnvironment, remoteEnvironment } from "../../../src/sources/git/environment.ts";
import { explainRefusal } from "../../../src/sources/git/explain-refusal.ts";
import { parseGitLocation } from "../../../src/sources/git/location.ts";
import { retryDelayMs } from "../../../src/sources/git/retry-delay.ts";
import { sshCommand, sshCommandProblem, sshPathProblem } from "../../../src/sources/git/ssh-command.ts";
import { isCommitId, isRefName } from "../../../src/sources/git/target.ts";

const transportOf = (text: string) => parseGitLocation(text)?.transport;

/** Keys and values of GIT_CONFIG_COUNT. */
const settingsOf = (all: Record<string, string>) =>
  Array.from({ length: Number(all["GIT_CONFIG_COUNT"]) }, (_, index) => [
    all[`GIT_CONFIG_KEY_${index}`]!,
    all[`GIT_CONFIG_VALUE_${index}`]!,
  ]);

describe("parseGitLocation()", () => {
  it("knows URLs of repositories from folders", () => {
    assert.equal(transportOf("https://git.example.com/fleet.git"), "https");
    assert.equal(transportOf("ssh://git@git.example.com:2222/fleet.git"), "ssh");
    assert.equal(transportOf("git@git.example.com:fleet/config.git"), "ssh");
    assert.equal(transportOf("file:///srv/git/fleet.git"), "file");
    for (const folder of ["./config", "/etc/chancery", "config", "C:/config", "fleet:edge", "-oX@host"]) {
      assert.equal(transportOf(folder), undefined, folder);
    }
  });

  it("refuses what could run a program or show a password, without repeating it", () => {
    for (const text of [
      "ext::sh -c id",
      "https://ann:hunter2@example.com/x",
      "git://example.com/x",
      "ftp://example.com/x",
      "https:///x",
      "https://example.com/x\ny",
    ]) {
      assert.throws(
        () => parseGitLocation(text),
        (error: Error) => !error.message.includes("hunter2"),
        text,
      );
    }
  });
});

describe("isRefName() and isCommitId()", () => {
  it("take names of branches and whole ids, and no options, patterns or ranges", () => {
    for (const name of ["main", "release/1.2", "v1", "ünïcode", "a-b_c"]) assert.ok(isRefName(name), name);
    for (const name of [
      "",
      "-x",
      "a b",
      "a..b",
      "a:b",
      "a*",
      "a^",
      "@{1}",
      "a.lock",
      "/a",
      "a/",
      "a//b",
      "a\\b",
      "@",
    ]) {
      assert.ok(!isRefName(name), name);
    }
    assert.ok(isCommitId("a".repeat(40)) && isCommitId("0".repeat(64)));
    assert.ok(!isCommitId("a".repeat(39)) && !isCommitId("A".repeat(40)) && !isCommitId("HEAD"));
  });
});

describe("the environment of git", () => {
  const env = {
    PATH: "/bin",
    HOME: "/nonexistent",
    GIT_DIR: "/evil",
    GIT_TRACE: "1",
    HTTPS_PROXY: "http://proxy",
    SSH_AUTH_SOCK: "/s",
  };

  it("holds nothing of the user's git, and lets a local git speak no protocol", () => {
    const local = localEnvironment(env);
    assert.deepEqual(
      [local["GIT_DIR"], local["GIT_TRACE"], local["HOME"]],
      [undefined, undefined, undefined],
    );
    assert.deepEqual([local["GIT_CONFIG_GLOBAL"], local["GIT_CONFIG_NOSYSTEM"]], ["/dev/null", "1"]);
    const protocols = settingsOf(local).filter(
      ([key]) => key!.startsWith("protocol.") && key !== "protocol.version",
    );
    assert.deepEqual(protocols, [["protocol.allow", "never"]]);
  });

  it("lets a fetch speak the protocol of the URL alone, and scopes the token to its host", () => {
    const location = parseGitLocation("https://git.example.com:8443/fleet.git")!;
    const remote = remoteEnvironment(location, { username: "fleet", token: "t0ken" }, env);
    const settings = new Map(settingsOf(remote).map(([key, value]) => [key!, value!]));
    const allowed = [...settings].filter(([key, value]) => key.startsWith("protocol.") && value === "always");
    assert.deepEqual(allowed, [["protocol.https.allow", "always"]]);
    const header = settings.get("http.https://git.example.com:8443/.extraHeader");
    assert.equal(header, `Authorization: Basic ${Buffer.from("fleet:t0ken").toString("base64")}`);
    assert.equal(settings.get("http.followRedirects"), "false");
    assert.deepEqual([remote["HTTPS_PROXY"], remote["HOME"]], ["http://proxy", undefined]);
  });
});

describe("sshCommand()", () => {
  it("checks hosts always, and reads no ssh_config unless a command of the user's own does", () => {
    const command = sshCommand({ knownHosts: "/etc/it's/known", sshKey: "/keys/100%" });
    assert.match(command, /^ssh -F none /);
    assert.match(command, /'StrictHostKeyChecking=yes'/);
    assert.match(command, /'UserKnownHostsFile="\/etc\/it'\\''s\/known"'/);
    assert.match(command, /'IdentityFile="\/keys\/100%%"' -o 'IdentitiesOnly=yes'$/);
    assert.match(sshCommand({}, "ssh -F mine"), /^ssh -F mine -o /);
  });

  it("refuses a command that would win over the check, and paths that ssh reads as something else", () => {
    assert.match(
      sshCommandProblem("ssh -o stricthostkeychecking=no") ?? "",
      /^GIT_SSH_COMMAND sets stricthostkeychecking/,
    );
    assert.equal(sshCommandProblem("ssh -J jump"), undefined);
    assert.equal(sshCommandProblem(undefined), undefined);
    assert.ok(sshPathProblem('/a"b') && sshPathProblem("/${HOME}/key"));
    assert.equal(sshPathProblem("/a b/key"), undefined);
  });
});

describe("retryDelayMs()", () => {
  it("doubles from one second to five minutes, less up to a half", () => {
    const delays = [1, 2, 3, 9, 10, 1000].map((failures) => retryDelayMs(failures, 0));
    assert.deepEqual(delays, [1000, 2000, 4000, 256_000, 300_000, 300_000]);
    assert.equal(retryDelayMs(3, 0.5), 3000);
  });
});

describe("explainRefusal()", () => {
  it("masks credentials in what git says, keeps it to one line, and leaves out advice", () => {
    const said = "hint: try this\nfatal: unable to access 'https://ann:hunter2@example.com/': \u001b[31mno\n";
    const [problem] = explainRefusal("https://example.com", said).problems;
    assert.equal(problem!.code, "git-unreachable");
    assert.doesNotMatch(problem!.message, /hunter2|hint|\n/);
    assert.ok(problem!.message.includes("\\u001b[31mno"));
  });
});
