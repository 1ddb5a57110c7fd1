import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diff } from "../../src/snapshot/diff.ts";
import { makeResource, type Resource } from "../../src/snapshot/resource.ts";
import { TypeSet } from "../../src/snapshot/type-set.ts";

const typeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const resource = (name: string, text = name): Resource =>
  makeResource({ typeUrl, name, bytes: Buffer.from(text) });
/** `a=1` is a resource called a with the content 1. */
const parse = (items: readonly string[]) =>
  setOf(
    items.map((item) => {
      const [name = "", text] = item.split("=");
      return resource(name, text);
    }),
  );
const stepsOf = (resources: readonly Resource[], previous?: TypeSet) =>
  [...TypeSet.inSteps(typeUrl, resources, previous)].length;
const setOf = (resources: readonly Resource[], previous?: TypeSet) =>
  TypeSet.of(typeUrl, resources, previous);

describe("TypeSet", () => {
  it("XDS-34 has the version of its content, whatever the order and the history", () => {
    const a = resource("a");
    const b = resource("b");
    const made = setOf([a, b]);
    assert.equal(setOf([b, a]).version, made.version);
    assert.equal(setOf([a, b], setOf([resource("a", "other"), resource("c")])).version, made.version);
    assert.match(made.version, /^[\w-]{16}$/);
  });

  it("XDS-34 has another version when a name or a byte differs, and the old one when the content returns", () => {
    const first = setOf([resource("a"), resource("b")]);
    const second = setOf([resource("a"), resource("b", "changed")], first);
    assert.notEqual(second.version, first.version);
    assert.notEqual(setOf([resource("a"), resource("c", "b")]).version, first.version);
    assert.equal(setOf([resource("a"), resource("b")], second).version, first.version);
    assert.equal(setOf([], second).version, TypeSet.empty(typeUrl).version);
  });

  it("XDS-130 is the previous one when nothing differs, and shares what has not changed", () => {
    const first = setOf([resource("a"), resource("b")]);
    assert.equal(setOf([resource("a"), resource("b")], first), first);
    const second = setOf([resource("a"), resource("b", "changed")], first);
    assert.equal(second.resources.get("a"), first.resources.get("a"));
    assert.notEqual(second.resources.get("b"), first.resources.get("b"));
  });

  it("keeps the bytes of a resource that only moved in its file, and takes its new place", () => {
    const file = { name: "a.yaml", text: "a" };
    const node = { kind: "scalar", value: "a", isPlain: true, file, start: 0, end: 1 } as const;
    const at = (line: number) => ({ place: { file: "a.yaml", line, column: 1 }, node });
    const first = setOf([{ ...resource("a"), origin: at(1) }]);
    const second = setOf([{ ...resource("a"), origin: at(9) }], first);
    assert.equal(second.version, first.version);
    assert.equal(second.resources.get("a")?.bytes, first.resources.get("a")?.bytes);
    assert.equal(second.resources.get("a")?.origin?.place.line, 9);
  });

  it("XDS-46 takes no name twice, and no resource of another type", () => {
    assert.throws(() => setOf([resource("a"), resource("a")]), /two resources of .*Cluster are called a/);
    assert.throws(() => TypeSet.of("other", [resource("a")]), /a is a .*Cluster, not a other/);
  });
});

describe("TypeSet with()", () => {
  const before = parse(["a=1", "b=1", "c=1"]);

  it("XDS-130 is the set that its content alone would have given", () => {
    const after = before.with({ changed: [resource("b", "2"), resource("d", "1")], removed: ["a", "none"] });
    const made = parse(["b=2", "c=1", "d=1"]);
    assert.equal(after.version, made.version);
    assert.deepEqual([...after.resources.keys()], [...made.resources.keys()]);
    assert.equal(after.resources.get("c"), before.resources.get("c"));
  });

  it("XDS-130 tells how it differs from the set that it was made from, and from no other", () => {
    const after = before.with({ changed: [resource("a", "1"), resource("b", "2")], removed: ["c"] });
    const { changed, removed } = after.changesSince(before)!;
    assert.deepEqual([changed.map(({ name }) => name), removed], [["b"], ["c"]]);
    assert.equal(after.changesSince(parse(["a=1"])), undefined);
    assert.deepEqual(diff(parse(["a=1"]), after).changed.length, 1);
  });

  it("is the set itself when nothing differs", () => {
    assert.equal(before.with({ changed: [before.resources.get("a")!], removed: ["none"] }), before);
  });

  it("XDS-46 takes no name twice, and no resource of another type", () => {
    const twice = [resource("a", "2"), resource("a", "3")];
    assert.throws(
      () => before.with({ changed: twice, removed: [] }),
      /two resources of .*Cluster are called a/,
    );
    const other = { ...resource("a"), typeUrl: "other" };
    assert.throws(() => before.with({ changed: [other], removed: [] }), /a is a other, not a .*Cluster/);
  });

  it("XDS-107 knows whether any of it has a TTL", () => {
    const mortal = makeResource({ typeUrl, name: "m", bytes: Buffer.from("m"), ttlMs: 1000 });
    const after = before.with({ changed: [mortal], removed: [] });
    assert.deepEqual([before.hasTtls, after.hasTtls], [false, true]);
    assert.equal(after.with({ changed: [resource("m")], removed: [] }).hasTtls, false);
    assert.equal(after.with({ changed: [], removed: ["m"] }).hasTtls, false);
  });
});

describe("TypeSet inSteps()", () => {
  it("XDS-126 stops again and again on the way to a large set, however it differs from the one before", () => {
    const many = Array.from({ length: 2000 }, (_, index) => resource(`c${index}`));
    const set = setOf(many);
    assert.ok(stepsOf(many) >= 10);
    assert.ok(stepsOf([], set) >= 10);
  });
});

describe("diff()", () => {
  const rows: readonly (readonly [
    string,
    readonly string[],
    readonly string[],
    readonly string[],
    readonly string[],
  ])[] = [
    ["from nothing", [], ["a=1", "b=1"], ["a", "b"], []],
    ["to nothing", ["a=1", "b=1"], [], [], ["a", "b"]],
    ["a change", ["a=1", "b=1"], ["a=1", "b=2"], ["b"], []],
    ["a rename", ["a=1", "b=1"], ["a=1", "c=1"], ["c"], ["b"]],
    ["another order", ["a=1", "b=1"], ["b=1", "a=1"], [], []],
  ];
  for (const [name, before, after, changed, removed] of rows) {
    it(name, () => {
      const found = diff(parse(before), parse(after));
      assert.deepEqual(
        found.changed.map(({ name }) => name),
        changed,
      );
      assert.deepEqual(found.removed, removed);
    });
  }
});
