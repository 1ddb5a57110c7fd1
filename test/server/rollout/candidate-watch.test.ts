import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CandidateWatch } from "../../../src/server/rollout/candidate-watch.ts";
import type { XdsEvent } from "../../../src/xds/events.ts";
import { envoy } from "../../fleet/transcript.ts";

const node = envoy("n1");
const unavailable = 14;
const cancelled = 1;

/** A watch, and a node that comes with the candidate and goes with these statuses, 1 s apart, and 1 s at each place. */
function departed(codes: readonly number[], backAgain: boolean) {
  const watch = new CandidateWatch("next", () => []);
  let nowMs = 0;
  const apply = (event: XdsEvent) => watch.apply(event, node, (nowMs += 1_000));
  const come = (streamId: number) =>
    apply({ kind: "groupAssigned", streamId, atMs: 0, group: "all", revisionId: "next" });
  come(0);
  for (const [index, code] of codes.entries()) {
    apply({ kind: "streamClosed", streamId: index, atMs: 0, code, reason: "" });
    if (backAgain || index < codes.length - 1) come(index + 1);
  }
  return { watch, nowMs };
}

describe("a node that was given a candidate and went away", () => {
  const rows: readonly [name: string, codes: readonly number[], lost: boolean][] = [
    ["once", [cancelled], false],
    ["twice by itself", [cancelled, cancelled], true],
    ["twice with what served it", [unavailable, unavailable], false],
    ["by itself, and with what served it", [cancelled, unavailable], false],
  ];
  for (const [name, codes, isLost] of rows) {
    it(`is ${isLost ? "lost" : "not lost"} when it went ${name} and came back`, () => {
      const { watch, nowMs } = departed(codes, true);
      const states = watch.observe([], nowMs).map(({ state }) => state);
      assert.deepEqual(states, isLost ? ["lost"] : []);
    });
  }

  for (const code of [cancelled, unavailable]) {
    it(`is lost when it does not come back within 10 s, whoever ended the stream (${code})`, () => {
      const { watch, nowMs } = departed([code], false);
      assert.equal(watch.nextLossMs(nowMs), nowMs + 10_000);
      const stateAt = (ms: number) => watch.observe([], ms).map(({ state }) => state);
      assert.deepEqual(stateAt(nowMs + 9_999), ["pending"]);
      assert.deepEqual(stateAt(nowMs + 10_000), ["lost"]);
    });
  }
});
