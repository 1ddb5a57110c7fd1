import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Child } from "../kit/child.ts";

const bench = fileURLToPath(import.meta.resolve("#root/dist/bench/main.js"));

describe("npm run bench", () => {
  it("names every program that it lacks before it measures anything, and exits 69", async () => {
    const nowhere = "/nowhere/program";
    await using child = new Child(process.execPath, [bench, "tcp"], {
      env: { WRK_BIN: nowhere, NGINX_BIN: nowhere },
    });
    assert.equal(await child.exit(), 69);
    assert.deepEqual(child.stderr.trim().split("\n"), [
      "nginx is not on this machine: run scripts/install-peers or set NGINX_BIN",
      "wrk is not on this machine: run scripts/install-peers or set WRK_BIN",
    ]);
  });
});
