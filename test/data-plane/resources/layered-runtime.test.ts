import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LayeredRuntime } from "../../../data-plane/resources/layered-runtime.ts";
import { entriesOf, entryOfText, type RuntimeEntry } from "../../../data-plane/resources/runtime-entry.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message } from "../parse-kit.ts";

const RUNTIME = "envoy.service.runtime.v3.Runtime";

/** The entries of a layer in YAML. */
function entries(yaml: string): ReadonlyMap<string, RuntimeEntry> {
  const found = entriesOf(asType(RUNTIME, message(RUNTIME, `{name: a, layer: ${yaml}}`)).layer?.fields);
  assert.ok(!("invalid" in found));
  return found;
}

describe("a value of the runtime", () => {
  const cases: readonly (readonly [yaml: string, entry: RuntimeEntry])[] = [
    ["5", { text: "5", number: 5, whole: 5, isTrue: true }],
    ["0", { text: "0", number: 0, whole: 0, isTrue: false }],
    ["99.9", { text: "99.9", number: 99.9, whole: 99 }],
    ["-1", { text: "-1", number: -1, isTrue: true }],
    ["12345678901234", { text: "1.23457e+13", number: 12345678901234, whole: 12345678901234 }],
    ["0.00001", { text: "1e-05", number: 0.00001, whole: 0 }],
    ["true", { text: "true", isTrue: true }],
    ['"7"', { text: "7", number: 7, whole: 7, isTrue: true }],
    ['"FALSE"', { text: "FALSE", isTrue: false }],
    ["word", { text: "word" }],
    ["{}", { text: "{}" }],
    [
      "{numerator: 1, denominator: TEN_THOUSAND}",
      { text: '{"numerator":1,"denominator":"TEN_THOUSAND"}', fraction: 0.0001 },
    ],
  ];
  for (const [yaml, entry] of cases) {
    it(`is read from ${yaml} as Envoy reads it (XC-49)`, () => {
      assert.deepEqual(entries(`{k: ${yaml}}`).get("k"), entry);
    });
  }

  it("has the keys around it in its own, with dots", () => {
    assert.deepEqual([...entries("{a: {b: {c: 1}}, a.d: 2}").keys()].toSorted(), ["a.b.c", "a.d"]);
  });

  for (const yaml of ["{a: {b: [1]}}", "{a: {b: null}}"]) {
    it(`is none in ${yaml}, whose key is told`, () => {
      const { layer } = asType(RUNTIME, message(RUNTIME, `{name: a, layer: ${yaml}}`));
      assert.deepEqual(entriesOf(layer?.fields), { invalid: "a.b" });
    });
  }
});

/** A runtime with a layer of each kind. */
const runtime = () =>
  new LayeredRuntime([
    { name: "one", kind: "static", entries: entries("{a: 1, share: 20, on: true}") },
    { name: "two", kind: "rtds", entries: new Map() },
    { name: "three", kind: "admin", entries: new Map() },
  ]);

describe("a runtime of layers (XC-49)", () => {
  it("gives what the last layer says that has the key, also when that is of no use", () => {
    const live = runtime();
    assert.equal(live.integer("a", 9), 1);
    live.setLayer("two", entries("{a: 2}"));
    assert.equal(live.integer("a", 9), 2);
    live.setLayer("two", entries("{a: word}"));
    assert.equal(live.integer("a", 9), 9);
    live.setLayer("two", new Map());
    assert.equal(live.integer("a", 9), 1);
  });

  it("takes whole percents and fractions for a share", () => {
    const live = runtime();
    assert.equal(live.fraction("share", 0.5), 0.2);
    assert.equal(live.fraction("none", 0.5), 0.5);
    live.setLayer("two", entries("{share: {numerator: 1, denominator: MILLION}}"));
    assert.equal(live.fraction("share", 0.5), 0.000001);
    live.setLayer("two", entries("{share: 150}"));
    assert.equal(live.fraction("share", 0.5), 1);
  });

  it("lets the admin layer be written to, and tells of each change", () => {
    const live = runtime();
    let changes = 0;
    live.whenChanged(() => (changes += 1));
    const on = new Map([["on", entryOfText("false")]]);
    assert.equal(live.override(on), undefined);
    assert.equal(live.isEnabled("on", true), false);
    live.override(new Map([["on", undefined]]));
    assert.equal(live.isEnabled("on", false), true);
    assert.equal(changes, 2);
  });

  it("says so when there is no admin layer", () => {
    assert.equal(new LayeredRuntime([]).override(new Map()), "No admin layer specified");
  });
});
