import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeResource } from "../../src/snapshot/resource.ts";
import { edsNameOf } from "../../src/xds/eds-name.ts";
import { CLUSTER } from "../../src/xds/type-traits.ts";
import { fieldsOf, WireError, WireReader } from "../../src/xds/wire.ts";
import { edsCluster } from "./session-client.ts";

describe("fieldsOf()", () => {
  const broken: Readonly<Record<string, readonly number[]>> = {
    "a tag without a value": [0x08],
    "a number that never ends": [0x08, ...Array.from({ length: 11 }, () => 0xff)],
    "a length beyond the end": [0x0a, 0x05, 0x01],
    "a length beyond all bounds": [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    "field number 0": [0x02, 0x00],
    "a group": [0x0b, 0x0c],
    "half a fixed64": [0x09, 0x01, 0x02],
  };
  for (const [name, bytes] of Object.entries(broken)) {
    it(`XDS-11 refuses ${name}`, () => {
      assert.throws(() => [...fieldsOf(Buffer.from(bytes))], WireError);
    });
  }

  it("reads each kind of field", () => {
    const bytes = Buffer.from([
      0x08, 0x96, 0x01, 0x12, 0x01, 0x61, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    assert.deepEqual(
      [...fieldsOf(bytes)],
      [
        { number: 1, varint: 150 },
        { number: 2, bytes: Buffer.from("a") },
        { number: 3, bytes: Buffer.from([1, 2, 3, 4]) },
        { number: 4, bytes: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) },
      ],
    );
  });
});

/** A field that holds a text of less than 16 KiB. */
function field(number: number, text: string): Buffer {
  const length = text.length < 128 ? [text.length] : [(text.length & 127) | 128, text.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), Buffer.from(text)]);
}

describe("WireReader.takeRun()", () => {
  it("takes fields of one number up to the first of another, short, long and empty ones", () => {
    const run = Buffer.concat([field(3, "a"), field(3, "b".repeat(300)), field(3, ""), field(3, "c")]);
    const reader = new WireReader(Buffer.concat([run, field(4, "rest")]));
    assert.ok(reader.takeRun(3).equals(run));
    const next = reader.next();
    assert.ok(next && "bytes" in next);
    assert.equal(next.bytes.toString(), "rest");
    assert.equal(reader.takeRun(3).length, 0);
  });

  const cut = Buffer.concat([field(3, "a"), field(3, "b".repeat(300))]);
  for (let length = 4; length < 8; length += 1) {
    it(`XDS-11 refuses a run that ends in its second field, after byte ${length}`, () => {
      assert.throws(() => new WireReader(cut.subarray(0, length)).takeRun(3), WireError);
    });
  }
});

describe("edsNameOf()", () => {
  const rows: readonly (readonly [string, Buffer, string | undefined])[] = [
    ["the service name", Buffer.from(edsCluster("a", "service"), "latin1"), "service"],
    ["else the cluster's name", Buffer.from(edsCluster("a"), "latin1"), "a"],
    ["none for another type of cluster", Buffer.from([0x0a, 0x01, 0x61, 0x10, 0x00]), undefined],
    ["none for bytes that are no message", Buffer.from([0x0a, 0x7f]), undefined],
  ];
  for (const [name, bytes, expected] of rows) {
    it(`is ${name}`, () =>
      assert.equal(edsNameOf(makeResource({ typeUrl: CLUSTER, name: "a", bytes })), expected));
  }
});
