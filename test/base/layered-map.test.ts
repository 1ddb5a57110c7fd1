import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as forAll, property, array, integer, oneof, record, constant } from "fast-check";
import { withChanges } from "../../src/base/layered-map.ts";

interface Value {
  readonly text: string;
}

const valueOf = (text: string): Value => ({ text });
const mapOf = (keys: readonly string[]) => new Map(keys.map((key) => [key, valueOf(key)]));
const texts = (map: ReadonlyMap<string, Value>) => [...map].map(([key, { text }]) => `${key}=${text}`);

describe("withChanges()", () => {
  it("sets entries in their place, adds new ones last, takes away keys, and leaves the map as it was", () => {
    const before = mapOf(["a", "b", "c"]);
    const after = withChanges(
      before,
      [
        ["b", valueOf("B")],
        ["d", valueOf("D")],
      ],
      ["a"],
    );
    assert.deepEqual(texts(after), ["b=B", "c=c", "d=D"]);
    assert.deepEqual([...after.keys()], ["b", "c", "d"]);
    assert.deepEqual(
      [...after.values()].map(({ text }) => text),
      ["B", "c", "D"],
    );
    assert.deepEqual(
      [after.size, after.has("a"), after.get("a"), after.has("d")],
      [3, false, undefined, true],
    );
    assert.deepEqual(texts(before), ["a=a", "b=b", "c=c"]);
  });

  it("is what a copied map would be, after however many changes of changes", () => {
    const key = integer({ min: 0, max: 40 }).map(String);
    const change = oneof(
      record({ kind: constant("set" as const), key }),
      record({ kind: constant("remove" as const), key }),
    );
    forAll(
      property(array(array(change, { maxLength: 30 }), { maxLength: 12 }), (rounds) => {
        let layered: ReadonlyMap<string, Value> = mapOf(["0", "1", "2"]);
        const copied = new Map(layered);
        for (const [round, changes] of rounds.entries()) {
          const set = new Map(
            changes.filter(({ kind }) => kind === "set").map((one) => [one.key, valueOf(`${round}`)]),
          );
          const removed = changes.filter(({ kind }) => kind === "remove").map((one) => one.key);
          layered = withChanges(layered, set, removed);
          for (const gone of removed) copied.delete(gone);
          for (const [name, value] of set) copied.set(name, value);
          const seen = new Map<string, Value>();
          layered.forEach((value, name) => seen.set(name, value));
          assert.equal(layered.size, copied.size);
          assert.deepEqual(new Map(layered), copied);
          assert.deepEqual(seen, copied);
        }
      }),
    );
  });

  it("XDS-130 reads the whole map once in many changes, not at each of them", () => {
    const reads = { count: 0 };
    class Counted extends Map<string, Value> {
      override *[Symbol.iterator](): MapIterator<[string, Value]> {
        reads.count += 1;
        yield* super[Symbol.iterator]();
      }
    }
    const keys = Array.from({ length: 10_000 }, (_, index) => String(index));
    let map: ReadonlyMap<string, Value> = new Counted(keys.map((key) => [key, valueOf(key)]));
    for (const key of keys.slice(0, 140)) map = withChanges(map, [[key, valueOf("new")]], []);
    assert.equal(reads.count, 0);
    for (const key of keys.slice(140, 200)) map = withChanges(map, [[key, valueOf("new")]], []);
    assert.equal(reads.count, 1);
    assert.equal([...map.values()].filter(({ text }) => text === "new").length, 200);
  });
});
