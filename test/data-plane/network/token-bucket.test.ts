import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TokenBucket } from "../../../data-plane/network/token-bucket.ts";

/** How many of ten takes succeed at each of these times. */
function takes(config: ConstructorParameters<typeof TokenBucket>[0], times: readonly number[]) {
  const bucket = new TokenBucket(config, 0);
  return times.map((nowMs) => Array.from({ length: 10 }, () => bucket.take(nowMs)).filter(Boolean).length);
}

describe("TokenBucket", () => {
  const twoASecond = { maxTokens: 2, tokensPerFill: 2, fillIntervalMs: 1000 };

  it("is full at first", () => assert.deepEqual(takes(twoASecond, [0]), [2]));

  it("fills little by little, as seen on Envoy 1.40", () => {
    assert.deepEqual(takes(twoASecond, [0, 499, 500, 999, 1000]), [2, 0, 1, 0, 1]);
  });

  it("never holds more than it may", () => assert.deepEqual(takes(twoASecond, [0, 60_000]), [2, 2]));
});
