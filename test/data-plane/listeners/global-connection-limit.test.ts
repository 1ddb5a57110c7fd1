import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GlobalConnectionLimit } from "../../../data-plane/listeners/global-connection-limit.ts";

describe("GlobalConnectionLimit", () => {
  it("refuses what is too much until a place is given back", () => {
    const limit = new GlobalConnectionLimit({ max: () => 1, countsAll: false });
    const release = limit.admit(false);
    assert.ok(release);
    assert.equal(limit.admit(false), undefined);
    release();
    assert.ok(limit.admit(false));
  });

  it("neither refuses nor counts connections that it is not for", () => {
    const limit = new GlobalConnectionLimit({ max: () => 1, countsAll: false });
    const release = limit.admit(true);
    assert.ok(release);
    release();
    assert.ok(limit.admit(false));
    assert.ok(limit.admit(true));
  });

  it("counts them where the runtime key set it, as seen on Envoy 1.40", () => {
    const limit = new GlobalConnectionLimit({ max: () => 1, countsAll: true });
    assert.ok(limit.admit(true));
    assert.equal(limit.admit(false), undefined);
    assert.ok(limit.admit(true));
  });
});
