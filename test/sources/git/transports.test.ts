import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { userInfo } from "node:os";
import { describe, it } from "node:test";
import { testCa } from "../../kit/certificates.ts";
import { Child } from "../../kit/child.ts";
import { freePort } from "../../kit/free-port.ts";
import { gitRepository, gitTestEnvironment } from "../../kit/git-repository.ts";
import { needs, peerPath } from "../../kit/peers.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { failuresOf, Followed, textsOf } from "./followed.ts";

/** An https server in front of `git http-backend` that asks for a password, and notes what it is shown. */
async function httpsRemote(project: string, password: string | undefined) {
  const ca = testCa();
  const { cert, key } = ca.issue("IP:127.0.0.1");
  const shown: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    const { authorization = "" } = request.headers;
    if (authorization !== "") shown.push(Buffer.from(authorization.slice(6), "base64").toString());
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (path.startsWith("/moved")) {
      response.writeHead(302, { location: `https://localhost:1${request.url}` }).end();
      return;
    }
    if (password !== undefined && !shown.at(-1)?.endsWith(`:${password}`)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    const backend = spawn(peerPath("git"), ["http-backend"], {
      env: {
        ...gitTestEnvironment,
        GIT_PROJECT_ROOT: project,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method ?? "GET",
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
    });
    request.pipe(backend.stdin);
    const output: Buffer[] = [];
    backend.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    backend.on("close", () => {
      const all = Buffer.concat(output);
      const end = all.indexOf("\r\n\r\n");
      const headers = all.toString("latin1", 0, end).split("\r\n");
      const status = headers.find((line) => line.startsWith("Status: "));
      response.statusCode = status ? Number(status.slice(8, 11)) : 200;
      for (const line of headers.filter((text) => !text.startsWith("Status: "))) {
        const [name = "", value = ""] = line.split(": ");
        response.setHeader(name, value);
      }
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: (path: string) => `https://127.0.0.1:${port}${path}`,
    ca: ca.cert,
    shown,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe("GitSource over https", needs("git", "openssl"), () => {
  it("shows a token from a file, read again at each look, to that host alone", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using remote = await httpsRemote(repository.path, "hunter2hunter2");
    using files = temporaryFolder();
    const caFile = files.put("ca", remote.ca);
    const tokenFile = files.put("token", "wrong-wrong-wrong\n");
    const access = { username: "fleet", caFile };
    await using followed = new Followed(remote.url("/.git"), { access, tokenFile });
    const refused = failuresOf(await followed.next());
    assert.match(refused.join(), /^git-denied -: https:.* does not take these credentials/);
    assert.doesNotMatch(refused.join(), /wrong-wrong/);
    files.put("token", "hunter2hunter2\n");
    assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "a: 1" });
    assert.deepEqual(new Set(remote.shown), new Set(["fleet:wrong-wrong-wrong", "fleet:hunter2hunter2"]));
  });

  it("does not follow a redirect with a token", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using remote = await httpsRemote(repository.path, undefined);
    using files = temporaryFolder();
    const access = { username: "fleet", caFile: files.put("ca", remote.ca) };
    const tokenFile = files.put("token", "hunter2hunter2");
    await using followed = new Followed(remote.url("/moved"), { access, tokenFile });
    assert.match(failuresOf(await followed.next()).join(), /^git-unreachable -: /);
  });

  it("refuses a certificate of a CA that it was not given", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using remote = await httpsRemote(repository.path, undefined);
    using files = temporaryFolder();
    const access = { username: "git", caFile: files.put("ca", testCa("another").cert) };
    await using followed = new Followed(remote.url("/.git"), { access });
    assert.match(failuresOf(await followed.next()).join(), /^git-unreachable -: .*certificate/);
  });

  it("ends an exchange that takes too long", async () => {
    const ca = testCa();
    const { cert, key } = ca.issue("IP:127.0.0.1");
    const server = createServer({ cert, key }, () => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    using files = temporaryFolder();
    const access = { username: "git", caFile: files.put("ca", ca.cert) };
    try {
      await using followed = new Followed(`https://127.0.0.1:${port}/x.git`, { access, timeoutMs: 300 });
      assert.match(failuresOf(await followed.next()).join(), /did not answer within 0.3 s/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

/** Where sshd locks up what it has not yet let in; run by root, it does not start without. */
const privilegeSeparation = "/run/sshd";

/** A real sshd of this user, with a host key, that lets one key in. */
async function sshRemote() {
  const files = temporaryFolder();
  const keygen = (name: string) => {
    execFileSync(peerPath("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-f", files.file(name)]);
    return files.file(name);
  };
  const [hostKey, key, otherKey] = [keygen("host"), keygen("user"), keygen("other")];
  if (process.getuid?.() === 0) mkdirSync(privilegeSeparation, { recursive: true, mode: 0o755 });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    `PidFile ${files.file("pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin yes",
  ];
  const child = new Child(peerPath("sshd"), [
    "-D",
    "-e",
    "-f",
    files.put("config", `${config.join("\n")}\n`),
  ]);
  await child.outputHas(/Server listening/);
  const knownHost = (name: string) => `[127.0.0.1]:${port} ${readFileSync(`${name}.pub`, "utf8")}`;
  return {
    url: (path: string) => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`,
    key,
    otherKey,
    knownHosts: files.put("known hosts", knownHost(hostKey)),
    wrongHosts: files.put("wrong hosts", knownHost(otherKey)),
    noHosts: files.put("no hosts", ""),
    async [Symbol.asyncDispose]() {
      await child.stop();
      files[Symbol.dispose]();
    },
  };
}

describe("GitSource over ssh", needs("git", "sshd", "ssh-keygen"), () => {
  it("fetches with a key, from a host that is known", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using remote = await sshRemote();
    const { key: sshKey, knownHosts } = remote;
    await using followed = new Followed(remote.url(repository.path), {
      access: { username: "git", sshKey, knownHosts },
    });
    assert.deepEqual(textsOf(await followed.next()), { "a.yaml": "a: 1" });
    repository.commit({ "a.yaml": "a: 2" });
    assert.deepEqual(textsOf(await followed.poked()), { "a.yaml": "a: 2" });
  });

  it("refuses a host that is not known, and one with another key, and notes no new host", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using remote = await sshRemote();
    for (const knownHosts of [remote.noHosts, remote.wrongHosts]) {
      const before = readFileSync(knownHosts, "utf8");
      const access = { username: "git", sshKey: remote.key, knownHosts };
      await using followed = new Followed(remote.url(repository.path), { access });
      assert.match(
        failuresOf(await followed.next()).join(),
        /^git-denied -: .* the host's key is not the one/,
      );
      assert.equal(readFileSync(knownHosts, "utf8"), before);
    }
  });

  it("says that the key is not taken", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    await using remote = await sshRemote();
    const access = { username: "git", sshKey: remote.otherKey, knownHosts: remote.knownHosts };
    await using followed = new Followed(remote.url(repository.path), { access });
    assert.match(
      failuresOf(await followed.next()).join(),
      /^git-denied -: .* does not take these credentials/,
    );
  });
});

describe("GitSource with a GIT_SSH_COMMAND of the user's own", needs("git"), () => {
  it("adds its options behind it, and takes the scp form of a URL", async () => {
    using repository = gitRepository({ "a.yaml": "a: 1" });
    using files = temporaryFolder();
    // In place of ssh: notes its arguments, and runs what the remote would.
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" > ${files.file("arguments")}\nfor last; do :; done\neval "$last"\n`;
    writeFileSync(files.file("ssh"), script, { mode: 0o755 });
    const access = { username: "git", knownHosts: "/etc/a b/known" };
    const env = { PATH: process.env["PATH"], GIT_SSH_COMMAND: `${files.file("ssh")} -v` };
    await using followed = new Followed(`git@git.example.com:${repository.path}`, { access, env });
    assert.deepEqual(textsOf(await followed.next()), { "a.yaml": "a: 1" });
    const given = readFileSync(files.file("arguments"), "utf8").split("\n");
    assert.equal(given[0], "-v");
    for (const option of [
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      'UserKnownHostsFile="/etc/a b/known"',
    ]) {
      assert.ok(given.includes(option), `${option} is not among ${given.join(" ")}`);
    }
    assert.ok(given.includes("git@git.example.com"));
  });
});
