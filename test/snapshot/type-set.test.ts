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
