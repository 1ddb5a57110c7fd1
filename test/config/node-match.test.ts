import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesNode, type MatchableNode, type NodeMatch } from "../../src/config/node-match.ts";

const node: MatchableNode = {
  id: "edge-7",
  cluster: "edge",
  userAgentVersion: "1.40.0",
  locality: { region: "eu", zone: "eu-1" },
  metadata: {
    fields: {
      role: { string_value: "public" },
      site: { struct_value: { fields: { name: { string_value: "ams" }, rack: { number_value: 4 } } } },
      tags: { list_value: { values: [{ string_value: "a" }, { string_value: "b" }] } },
    },
  },
};
const fields = (value: Record<string, unknown>): NodeMatch => ({ metadata: { fields: value } });

describe("matchesNode()", () => {
  const rows: readonly (readonly [string, NodeMatch, boolean])[] = [
    ["no condition takes every node", {}, true],
    ["a glob on the id", { id: "edge-*" }, true],
    ["another glob on the id", { id: "inner-*" }, false],
    ["the cluster", { cluster: "edge" }, true],
    ["the cluster is no glob", { cluster: "e*" }, false],
    ["a part of the locality", { locality: { zone: "eu-1" } }, true],
    ["a part of the locality that the node lacks", { locality: { sub_zone: "a" } }, false],
    ["a glob on the version", { version: "1.40.*" }, true],
    ["another glob on the version", { version: "1.4*.1" }, false],
    ["every condition must hold", { id: "edge-*", cluster: "inner" }, false],
    ["a metadata key", fields({ role: { string_value: "public" } }), true],
    ["a metadata key with another value", fields({ role: { string_value: "private" } }), false],
    ["a metadata key that is missing", fields({ tier: { string_value: "1" } }), false],
    ["a metadata value of another type", fields({ role: { number_value: 1 } }), false],
    [
      "a part of a nested metadata struct",
      fields({ site: { struct_value: { fields: { name: { string_value: "ams" } } } } }),
      true,
    ],
    [
      "a metadata list only as a whole",
      fields({ tags: { list_value: { values: [{ string_value: "a" }] } } }),
      false,
    ],
  ];
  for (const [name, match, expected] of rows) {
    it(`${name}: ${expected}`, () => assert.equal(matchesNode(match, node), expected));
  }

  it("does not take inherited properties of an object for metadata", () => {
    assert.equal(matchesNode(fields({ constructor: { string_value: "x" } }), node), false);
  });

  it("takes a node without any field for none of the conditions", () => {
    assert.equal(matchesNode({ id: "a*" }, {}), false);
    assert.equal(matchesNode({ locality: { zone: "a" } }, { locality: null }), false);
  });
});
