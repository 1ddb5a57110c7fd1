import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { weightedClusters } from "../../../data-plane/tcp/weighted-clusters.ts";

describe("weightedClusters()", () => {
  const choose = weightedClusters([
    { name: "a", weight: 1 },
    { name: "none", weight: 0 },
    { name: "b", weight: 3 },
  ]);
  const rows: readonly (readonly [random: number, cluster: string])[] = [
    [0, "a"],
    [0.24, "a"],
    [0.25, "b"],
    [0.999, "b"],
  ];
  for (const [random, cluster] of rows)
    it(`gives ${cluster} for ${random}`, () => assert.equal(choose(random), cluster));
});
