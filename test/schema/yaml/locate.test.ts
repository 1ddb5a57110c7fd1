import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { locate, locateKey } from "../../../src/schema/yaml/locate.ts";
import { placeOf } from "../../../src/schema/yaml/place.ts";
import { tree } from "../envoy-schema.ts";
import { sourceValue } from "./source-value.ts";

const root = tree(`static_resources:
  clusters:
  - name: a
    connectTimeout: 1s
    metadata: {filter_metadata: {"a.b": {x: [1, 2]}}}
`);

describe("locate()", () => {
  const rows: readonly (readonly [path: string, value: unknown])[] = [
    ["static_resources.clusters[0].name", "~a"],
    ["static_resources.clusters[0].connect_timeout", "~1s"],
    ["staticResources.clusters[0].connectTimeout", "~1s"],
    ['static_resources.clusters[0].metadata.filter_metadata["a.b"].x[1]', "~2"],
    ['static_resources.clusters[0].metadata.filter_metadata["a.b"].x[7]', ["~1", "~2"]],
    ['static_resources.clusters[0].metadata.filter_metadata["c"].x', { "a.b": { x: ["~1", "~2"] } }],
  ];
  for (const [path, value] of rows) {
    it(`finds ${path}, or the nearest node above it`, () => {
      assert.deepStrictEqual(sourceValue(locate(root, path)), value);
    });
  }

  it("is the root for an empty path", () => assert.strictEqual(locate(root, ""), root));
});

describe("locateKey()", () => {
  it("finds where a field's name stands", () => {
    const key = locateKey(root, "static_resources.clusters[0].connect_timeout");
    assert.equal(key?.value, "connectTimeout");
    assert.deepStrictEqual(placeOf(root.file, key?.start ?? -1), { file: "f.yaml", line: 4, column: 5 });
  });

  it("finds nothing for a field that the text does not have", () => {
    assert.equal(locateKey(root, "static_resources.clusters[1].name"), undefined);
    assert.equal(locateKey(root, "static_resources.clusters[0]"), undefined);
  });
});

describe("placeOf()", () => {
  const file = { name: "f", text: "ab\n\ncd\r\n\u{1f600}e" };
  const rows: readonly (readonly [offset: number, line: number, column: number])[] = [
    [0, 1, 1],
    [2, 1, 3],
    [3, 2, 1],
    [4, 3, 1],
    [8, 4, 1],
    [10, 4, 3],
  ];
  for (const [offset, line, column] of rows) {
    it(`puts offset ${offset} at ${line}:${column}, counting UTF-16 units`, () => {
      assert.deepStrictEqual(placeOf(file, offset), { file: "f", line, column });
    });
  }
});
