import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Child } from "../kit/child.ts";
import { needs } from "../kit/peers.ts";

async function play(...args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const program = fileURLToPath(import.meta.resolve("#root/dist/examples/fleet/main.js"));
  await using child = new Child(process.execPath, [program, ...args]);
  const code = await child.exit(120_000);
  return { code, stdout: child.stdout };
}

function checkStory(stdout: string): void {
  assert.match(stdout, /all 205 hold it/);
  assert.match(stdout, /^ {3}completed /m);
  assert.match(stdout, /error: groups\/fleet\/web\.yaml:33:15 .*did you mean direct_response\?/);
  assert.match(stdout, /proxy-1 refused it; taken back [01]\.\d\d s later/);
  assert.match(stdout, /rolled-back: .*stage 1 of 3.*RESPONSE_CODES/);
}

describe("npm run demo:fleet", needs("git"), () => {
  it(
    "rolls a good commit out over real Envoys, refuses one, and takes one back",
    needs("envoy"),
    async () => {
      const { code, stdout } = await play();
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^5 real Envoys and 200 simulated nodes follow file:/);
      checkStory(stdout);
    },
  );

  it("does so with bundled proxies where no Envoy is", async () => {
    const { code, stdout } = await play("--bundled");
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^5 bundled proxies and 200 simulated nodes follow file:/);
    checkStory(stdout);
  });
});
