import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applyMask } from "../../../data-plane/admin/field-mask.ts";

describe("applyMask()", () => {
  const config = {
    "@type": "t/Dump",
    version: "1",
    cluster: { "@type": "t/C", name: "c", list: [{ a: 1 }] },
  };
  const rows: readonly (readonly [mask: string, left: unknown])[] = [
    ["version", { "@type": "t/Dump", version: "1" }],
    ["cluster.name", { "@type": "t/Dump", cluster: { "@type": "t/C", name: "c" } }],
    ["cluster.list", { "@type": "t/Dump", cluster: { "@type": "t/C", list: [{ a: 1 }] } }],
    ["cluster.name,version", { "@type": "t/Dump", version: "1", cluster: { "@type": "t/C", name: "c" } }],
    ["cluster.name,cluster", config.cluster && { "@type": "t/Dump", cluster: config.cluster }],
    ["nothing", undefined],
    ["cluster.nothing", undefined],
  ];
  for (const [mask, left] of rows) {
    it(`keeps ${mask}`, () => {
      assert.deepEqual(applyMask(config, mask), left);
    });
  }
});
