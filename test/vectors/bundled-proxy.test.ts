import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { missingPartOf, missingParts, needsForeignSources } from "./missing-parts.ts";
import { ownVectorTests, vectorTests } from "./suite.ts";
import { loadVectors, type Vector } from "./vectors.ts";

/** Groups that run side by side; each starts a Node process, which costs more than what it then waits for. */
const concurrency = 3;

/** Those with original_src have a test of their own: they need a host that allows it. */
function isPlayed(vector: Vector): boolean {
  return missingPartOf(vector) === undefined && !needsForeignSources(vector);
}

for (const direction of ["receive", "send", "http", "pool", "health", "load"] as const) {
  describe(`the bundled data plane on the ${direction} vectors`, { concurrency }, () => {
    vectorTests(direction, startBundledProxy, isPlayed);
  });
}

describe("the bundled data plane on vectors that need what it lacks", { concurrency }, () => {
  for (const part of missingParts) {
    const vectors = loadVectors().filter((vector) => missingPartOf(vector) === part);
    it(`refuses, and names, ${part.name}; ${vectors.length} vectors are not played`, async (t) => {
      t.diagnostic(`not played: ${vectors.map((vector) => vector.id).join(" ")}`);
      const [first] = vectors;
      assert.ok(first, "nothing needs it any more: it can go from the list");
      await assert.rejects(
        async () => {
          await using proxy = await startBundledProxy(bootstrapOf(first, 1));
          await proxy.admin.isReady();
        },
        (error: Error) => error.message.includes(part.refusal ?? part.mark),
      );
    });
  }
});

describe("the bundled data plane on send vectors of our own", { concurrency }, () => {
  ownVectorTests(startBundledProxy);
});
