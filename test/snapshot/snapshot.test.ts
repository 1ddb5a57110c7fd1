import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Snapshot } from "../../src/snapshot/snapshot.ts";

const cds = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const lds = "type.googleapis.com/envoy.config.listener.v3.Listener";
const input = (typeUrl: string, name: string, text = name) => ({ typeUrl, name, bytes: Buffer.from(text) });

describe("Snapshot", () => {
  it("is made of plain {typeUrl, name, bytes}", () => {
    const snapshot = Snapshot.of([input(cds, "a"), input(lds, "l")]);
    assert.deepEqual([...snapshot.types.keys()], [cds, lds]);
    assert.equal(snapshot.typeSet(cds).resources.get("a")?.bytes.toString(), "a");
    assert.equal(snapshot.typeSet("type.googleapis.com/none").resources.size, 0);
  });

  it("XDS-35 keeps a version for each type: a change of one leaves the other as it was", () => {
    const first = Snapshot.of([input(cds, "a"), input(lds, "l")]);
    const second = Snapshot.of([input(cds, "a", "changed"), input(lds, "l")], first);
    assert.equal(second.typeSet(lds), first.typeSet(lds));
    assert.notEqual(second.typeSet(cds).version, first.typeSet(cds).version);
    assert.notEqual(second.version, first.version);
  });

  it("has the version of its content, whatever the order of types", () => {
    const one = Snapshot.of([input(cds, "a"), input(lds, "l")]);
    assert.equal(Snapshot.of([input(lds, "l"), input(cds, "a")]).version, one.version);
  });

  it("refuses a resource without a name", () => {
    assert.throws(() => Snapshot.of([input(cds, "")]), /has no name/);
  });

  it("XDS-130 with() is what its content alone would have given, and keeps what has not changed", () => {
    const first = Snapshot.of([input(cds, "a"), input(cds, "b"), input(lds, "l")]);
    const second = first.with([input(cds, "a", "changed")], [{ typeUrl: cds, name: "b" }]);
    assert.equal(second.version, Snapshot.of([input(cds, "a", "changed"), input(lds, "l")]).version);
    assert.equal(second.typeSet(lds), first.typeSet(lds));
    const third = second.with([], [{ typeUrl: lds, name: "l" }]);
    assert.deepEqual([...third.types.keys()], [cds]);
  });
});
