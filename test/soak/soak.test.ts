import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { soak } from "./soak.ts";
import { faultsOf } from "./verdict.ts";

const sample = (second: number, residentMiB: number) => ({ second, residentMiB, descriptors: 20 });

describe("npm run soak, in small", () => {
  it("loses no good request in ten seconds of changes and faults", async () => {
    const result = await soak({
      start: startBundledProxy,
      seconds: 10,
      rate: 200,
      onSample: () => undefined,
    });
    assert.equal(result.good.failed, 0);
    assert.ok(result.good.sent > 1_000, `${result.good.sent} sent`);
    assert.ok(result.tcp.whole > result.tcp.cut);
    // Every kind of fault was met, and told from the others.
    for (const status of ["200", "503", "504", "broken"])
      assert.ok(result.faulty.answers.has(status), status);
  });

  it("would say so of a request that is lost, of memory that grows and of descriptors that stay", () => {
    const answers = new Map([["200", 9]]);
    const load = { sent: 10, answers, failed: 1, tookMs: 1 };
    const result = {
      good: load,
      faulty: load,
      tcp: { whole: 1, cut: 0 },
      samples: [100, 100, 100, 100, 150, 151].map((value, index) => sample(index * 10, value)),
      descriptors: [20, 400],
      changes: 1,
    } as const;
    assert.deepEqual(faultsOf(result), [
      "1 of 10 good requests were lost",
      "memory grew by 51 % in the last two thirds",
      "20 descriptors before, 400 after",
    ]);
    const calm = { ...result, good: { ...load, failed: 0 }, descriptors: [20, 60] } as const;
    assert.deepEqual(
      faultsOf({ ...calm, samples: calm.samples.map(({ second }) => sample(second, 100)) }),
      [],
    );
  });
});
