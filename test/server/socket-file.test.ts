import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { clearSocketPath, setSocketMode } from "../../src/server/socket-file.ts";
import { Child } from "../kit/child.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

/** A program that listens on a path, says so, and lives until it is killed. */
const listener = 'require("node:net").createServer().listen(process.argv[1], () => console.log("up"))';

describe("the file of a Unix-domain socket", () => {
  it("may be missing", async () => {
    using folder = temporaryFolder();
    await clearSocketPath(folder.file("xds.sock"));
  });

  it("is taken away when its server was killed", async () => {
    using folder = temporaryFolder();
    const path = folder.file("xds.sock");
    await using child = new Child(process.execPath, ["-e", listener, path]);
    await child.outputGives(() => child.stdout.includes("up") || undefined, "the server listens");
    child.kill("SIGKILL");
    await child.exit();
    assert.equal(existsSync(path), true);
    await clearSocketPath(path);
    assert.equal(existsSync(path), false);
  });

  it("stays when a server answers there", async () => {
    using folder = temporaryFolder();
    const path = folder.file("xds.sock");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      await assert.rejects(clearSocketPath(path), { code: "EADDRINUSE", message: /another server/ });
      assert.equal(existsSync(path), true);
    } finally {
      server.close();
    }
  });

  it("is not touched when it is no socket", async () => {
    using folder = temporaryFolder();
    const path = folder.file("notes");
    writeFileSync(path, "kept");
    await assert.rejects(clearSocketPath(path), { code: "EADDRINUSE", message: /no socket/ });
    assert.equal(existsSync(path), true);
  });

  it("gets the permissions asked for", async () => {
    using folder = temporaryFolder();
    const path = folder.file("xds.sock");
    writeFileSync(path, "");
    await setSocketMode(path, 0o660);
    assert.equal(statSync(path).mode & 0o777, 0o660);
  });
});
