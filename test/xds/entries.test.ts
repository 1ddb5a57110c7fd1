import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeResource } from "../../src/snapshot/resource.ts";
import { Entries } from "../../src/xds/entries.ts";
import { encodeDelta, encodeSotw } from "../../src/xds/response.ts";
import { CLUSTER } from "../../src/xds/type-traits.ts";

const resource = makeResource({ typeUrl: CLUSTER, name: "a", bytes: Buffer.from([10, 1, 97]) });

describe("Entries", () => {
  it("XDS-127 encodes a resource once, and both forms in the same memory", () => {
    const entries = new Entries();
    const { delta, sotw } = entries.of(resource);
    assert.equal(entries.of(resource).delta, delta);
    assert.equal(sotw.buffer, delta.buffer);
    assert.ok(sotw.byteOffset > delta.byteOffset);
    assert.ok(sotw.byteOffset + sotw.length < delta.byteOffset + delta.length);
  });

  it("XDS-127 are what responses are made of", () => {
    const entries = new Entries();
    const plan = { typeUrl: CLUSTER, version: "v", resources: [resource, resource], removed: [] };
    const envelope = { nonce: "n", identifier: "i", hasTtls: true };
    // Whatever stands in the entry goes out: a mark in it is found in every response.
    const { delta, sotw } = entries.of(resource);
    sotw[sotw.length - 1] = 0x7a;
    assert.equal(
      encodeSotw(plan, envelope, entries).bytes.toString("latin1").split(sotw.toString("latin1")).length,
      3,
    );
    assert.equal(
      encodeDelta(plan, envelope, entries).bytes.toString("latin1").split(delta.toString("latin1")).length,
      3,
    );
  });
});
