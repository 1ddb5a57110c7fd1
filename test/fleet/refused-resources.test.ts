import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type NamedResource, refusedResources } from "../../src/fleet/refused-resources.ts";
import { processorMs } from "../kit/processor-time.ts";

const known = new Map(["a", "b", "web", "r1", "outbound|80||x.svc: v1", "g7"].map((name) => [name, {}]));

describe("refusedResources() (XDS-58, XC-30)", () => {
  const cases: [string, string, NamedResource[]][] = [
    ["one cluster", "Error adding/updating cluster(s) a: bad thing", [{ name: "a", reason: "bad thing" }]],
    [
      "clusters separated by commas, with commas and colons in the reasons",
      "Error adding/updating cluster(s) a: field x: 1, 2, b: other, too",
      [
        { name: "a", reason: "field x: 1, 2" },
        { name: "b", reason: "other, too" },
      ],
    ],
    [
      "listeners, one a line",
      "Error adding/updating listener(s) a: no\nweb: cannot bind '1.2.3.4:80'\n",
      [
        { name: "a", reason: "no" },
        { name: "web", reason: "cannot bind '1.2.3.4:80'" },
      ],
    ],
    [
      "a name that has spaces and colons in it",
      "Error adding/updating cluster(s) outbound|80||x.svc: v1: bad",
      [{ name: "outbound|80||x.svc: v1", reason: "bad" }],
    ],
    [
      "a route configuration in passing",
      "Only a single wildcard domain is permitted in route r1",
      [{ name: "r1" }],
    ],
    ["a duplicate", "duplicate cluster g7 found", [{ name: "g7" }]],
    ["a name in quotes", "no such cluster 'g7'.", [{ name: "g7" }]],
    ["nothing, when it names what is not known", "Error adding/updating cluster(s) zz: bad", []],
    ["nothing in a text without names", "Failed to load private key from <inline>", []],
    ["nothing in an empty text", "", []],
  ];
  for (const [what, text, expected] of cases) {
    it(`finds ${what}`, () => assert.deepEqual(refusedResources(text, known), expected));
  }

  it("gives the place of a resource that was written", () => {
    const place = { file: "a.yaml", line: 3, column: 5 };
    const resources = new Map([["a", { origin: { place } }]]);
    assert.deepEqual(refusedResources("duplicate cluster a found", resources), [{ name: "a", place }]);
  });

  it("stays fast and bounded for the longest text that a client may send", () => {
    const many = new Map(Array.from({ length: 5000 }, (_, i) => [`c${i}`, {}]));
    const list = [...many.keys()].map((name) => `${name}: x`).join(", ");
    const texts: [string, number][] = [
      [`Error adding/updating cluster(s) ${list}`.slice(0, 16_384), 20],
      [": ".repeat(8192), 0],
      [", ".repeat(8192), 0],
    ];
    const tookMs = processorMs(() => {
      for (const [text, count] of texts) assert.equal(refusedResources(text, many).length, count);
    });
    assert.ok(tookMs < 1000, `${tookMs} ms`);
  });
});
