import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { needs } from "../kit/peers.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

async function certgen(folder: string, ...flags: string[]) {
  const terminal = fakeTerminal();
  const args = ["certgen", folder, ...flags];
  const code = await runProgram({ commands, foreign: [], version: () => "0" }, args, terminal);
  return { code, ...terminal.written };
}

describe("chancery certgen", needs("openssl"), () => {
  it("issues a CA, the control plane and nodes, which only their owner can read", async () => {
    using folder = temporaryFolder();
    const path = folder.file("certs");
    const { code, stdout, stderr } = await certgen(path, "--nodes", "edge/edge-1,inner");
    assert.deepEqual([code, stderr], [0, ""]);
    const names = ["ca", "node-edge-1", "node-inner", "server"].flatMap((name) => [
      `${name}.crt`,
      `${name}.key`,
    ]);
    assert.deepEqual(readdirSync(path).toSorted(), names);
    assert.deepEqual(stdout.trim().split("\n").toSorted(), names);
    for (const name of names) assert.equal(statSync(`${path}/${name}`).mode & 0o777, 0o600, name);
    const read = (name: string) => new X509Certificate(readFileSync(`${path}/${name}.crt`));
    const ca = read("ca");
    assert.equal(ca.ca, true);
    for (const name of ["server", "node-edge-1", "node-inner"]) {
      assert.ok(read(name).verify(ca.publicKey) && read(name).checkIssued(ca), name);
    }
    assert.equal(read("node-edge-1").subjectAltName, "URI:spiffe://fleet/edge/edge-1");
    assert.equal(read("node-inner").subjectAltName, "URI:spiffe://fleet/inner/inner");
    const names4 =
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, URI:spiffe://fleet/chancery";
    assert.equal(read("server").subjectAltName, names4);
    assert.deepEqual(read("server").keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  });

  it("replaces nothing without --force, and everything with it", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("server.key"), "precious");
    const refused = await certgen(folder.path);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /^error: .*server\.key is there already\n--add issues .*; --force replaces all files/,
    );
    assert.deepEqual(readdirSync(folder.path), ["server.key"]);
    assert.equal((await certgen(folder.path, "--force")).code, 0);
    assert.match(readFileSync(folder.file("server.key"), "utf8"), /PRIVATE KEY/);
  });

  it("issues for one more node by the CA that is there, with --add", async () => {
    using folder = temporaryFolder();
    const early = await certgen(folder.path, "--add", "--nodes", "edge/edge-2");
    assert.equal(early.code, 1);
    assert.match(early.stderr, /^error: there is no .*ca\.crt\n--add issues by the CA/);
    await certgen(folder.path, "--nodes", "edge/edge-1");
    const before = readFileSync(folder.file("server.crt"), "utf8");
    const { code, stdout } = await certgen(folder.path, "--add", "--nodes", "edge/edge-2");
    assert.deepEqual([code, stdout], [0, "node-edge-2.crt\nnode-edge-2.key\n"]);
    const [ca, added] = ["ca", "node-edge-2"].map(
      (name) => new X509Certificate(readFileSync(folder.file(`${name}.crt`))),
    );
    assert.ok(ca && added?.verify(ca.publicKey));
    assert.equal(readFileSync(folder.file("server.crt"), "utf8"), before);
    const again = await certgen(folder.path, "--add", "--nodes", "edge/edge-2");
    assert.equal(again.code, 1);
    assert.match(again.stderr, /node-edge-2\.crt is there already\n--force replaces it/);
    assert.equal((await certgen(folder.path, "--add", "--server-name", "xds", "--force")).code, 0);
    const server = new X509Certificate(readFileSync(folder.file("server.crt")));
    assert.match(server.subjectAltName ?? "", /^DNS:xds,/);
    assert.equal((await certgen(folder.path, "--add")).code, 64);
    assert.ok(!readdirSync(folder.path).some((name) => name.endsWith(".srl")));
  });

  it("says so when there is no openssl, and leaves nothing behind", async () => {
    using folder = temporaryFolder();
    const { code, stderr } = await certgen(folder.path, "--openssl", "no-such-openssl");
    assert.equal(code, 1);
    assert.match(stderr, /^error: there is no program no-such-openssl\ninstall OpenSSL/);
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it("refuses names that are none, and what would be one file", async () => {
    using folder = temporaryFolder();
    for (const [flag, value, expected] of [
      ["--nodes", "edge/..", /^error: node "\.\."/],
      ["--nodes", "a/b/c", /^error: node "a\/b\/c": expected CLUSTER\/ID, found 3 parts/],
      ["--nodes", "a/x,b/x", /two nodes would have the file node-x\.crt/],
      ["--server-name", "a,URI:spiffe://x", /^error: server name "URI:spiffe:\/\/x"/],
      ["--trust-domain", "a/b", /^error: trust domain "a\/b"/],
      ["--days", "0", /expected a number from 1 to 3650/],
    ] as const) {
      const { code, stderr } = await certgen(folder.path, flag, value);
      assert.equal(code, 64, value);
      assert.match(stderr, expected);
    }
  });
});
