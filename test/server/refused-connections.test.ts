import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog, type LogRecord } from "../../src/base/log.ts";
import { RefusedConnections } from "../../src/server/refused-connections.ts";
import { takeRequest } from "../../src/server/request-rate.ts";
import { FakeClock } from "../kit/fake-clock.ts";

describe("RefusedConnections", () => {
  it("says the first at once, and then at most one line in ten seconds with their number", () => {
    const clock = new FakeClock();
    const records: LogRecord[] = [];
    const refused = new RefusedConnections(
      createLog("warn", (record) => records.push(record)),
      clock,
    );
    for (let index = 0; index < 1000; index += 1) refused.note("10.0.0.1", "too many");
    clock.advance(10_000);
    refused.note("10.0.0.1", "too many");
    assert.deepEqual(
      records.map(({ fields }) => fields["count"]),
      [1, 1000],
    );
  });
});

describe("takeRequest()", () => {
  const limit = { perSecond: 10, burst: 2 };

  it("allows the burst at once, and then as many as the time that passed gives", () => {
    const first = takeRequest(limit, undefined, 1000);
    const second = takeRequest(limit, first, 1000);
    assert.equal(takeRequest(limit, second, 1099), undefined);
    const third = takeRequest(limit, second, 1100);
    assert.ok(third);
    assert.equal(takeRequest(limit, third, 1100), undefined);
  });

  it("saves no more than the burst over a quiet time", () => {
    const used = takeRequest(limit, undefined, 0);
    assert.deepEqual(takeRequest(limit, used, 3_600_000), { left: 1, atMs: 3_600_000 });
  });
});
