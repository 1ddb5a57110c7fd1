import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Resource } from "../../../src/config/resource.ts";
import { Packer, Unpacker } from "../../../src/server/loading/parcels.ts";
import { makeResource } from "../../../src/snapshot/resource.ts";

/** A resource as a file has it: another object for each reading of the file. */
function resource(name: string, text: string, line = 1): Resource {
  const made = makeResource({ typeUrl: "t", name, bytes: Buffer.from(text) });
  return { ...made, origin: { place: { file: "a.yaml", line, column: 1 } } };
}

const textOf = ({ bytes }: Resource) => bytes.toString();

/** What goes over, in order of packing, and what is there then. */
function transfer() {
  const packer = new Packer(() => []);
  const unpacker = new Unpacker();
  return (...groups: readonly (readonly Resource[])[]) => {
    const loaded = groups.map((resources, index) => ({ name: String(index), match: {}, resources }));
    const { parcels, outline } = packer.pack({ groups: loaded, problems: [] });
    for (const parcel of parcels) unpacker.take(parcel);
    const there = [...unpacker.unpack(outline).groups].map((group) => group.resources);
    assert.deepEqual(
      there.map((resources) => resources.map(textOf)),
      groups.map((resources) => resources.map(textOf)),
    );
    return { sent: parcels.flatMap(({ entries }) => entries.map(({ name }) => name)), outline, there };
  };
}

describe("Packer", () => {
  it("sends what the other side does not have, and says what nothing refers to any more", () => {
    const send = transfer();
    const [a, b] = [resource("a", "1"), resource("b", "1")];
    assert.deepEqual(send([a, b]).sent, ["a", "b"]);
    const { sent, outline } = send([a, resource("b", "2")]);
    assert.deepEqual(sent, ["b"]);
    assert.equal(outline.dropped.length, 1);
    assert.deepEqual(send([]).outline.dropped.length, 2);
  });

  it("sends nothing again of a file that was read again, but what moved in it", () => {
    const send = transfer();
    const before = send([resource("a", "1", 1), resource("b", "1", 2)]).there[0]!;
    const { sent, there } = send([resource("a", "1", 1), resource("b", "1", 3)]);
    assert.deepEqual(sent, ["b"]);
    assert.equal(there[0]![0], before[0]);
    assert.deepEqual(send([resource("a", "1", 1)]).sent, []);
  });

  it("keeps what two groups have in objects of their own until neither has it", () => {
    const send = transfer();
    const [own, other] = [resource("a", "1"), resource("a", "1")];
    assert.deepEqual(send([own], [other]).sent, ["a"]);
    assert.deepEqual(send([own], []).outline.dropped.length, 0);
    assert.deepEqual(send([own], [resource("a", "1")]).sent, []);
    assert.deepEqual(send([], []).outline.dropped.length, 1);
    assert.deepEqual(send([own], []).sent, ["a"]);
  });
});
