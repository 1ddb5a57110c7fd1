import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { accessRefusal, operatorRefusal, type AccessPolicy } from "../../src/config/access-policy.ts";

const policy: AccessPolicy = {
  rules: [
    {
      principals: ["spiffe://fleet/edge/*"],
      nodeIds: ["edge-*"],
      groups: ["edge"],
      types: ["Cluster", "Secret"],
      isOperator: false,
    },
    { principals: ["spiffe://fleet/edge/7"], nodeIds: ["edge-7"], types: ["Runtime"], isOperator: false },
    { principals: ["token:ops", "*.ops.example"], isOperator: true },
  ],
};

const edge = { principals: ["spiffe://fleet/edge/1"], nodeId: "edge-1", group: "edge", types: ["Cluster"] };

describe("accessRefusal()", () => {
  const cases: readonly [string, Parameters<typeof accessRefusal>[1], RegExp | undefined][] = [
    ["allows what one rule allows", edge, undefined],
    ["allows a node without a group, which gets nothing", { ...edge, group: undefined }, undefined],
    [
      "refuses a client that has proved nothing",
      { ...edge, principals: [] },
      /needs a certificate or a token/,
    ],
    [
      "refuses a client that no rule is for",
      { ...edge, principals: ["spiffe://other/edge/1"] },
      /^no rule of authorization is for "spiffe:\/\/other\/edge\/1"$/,
    ],
    ["refuses another's node id", { ...edge, nodeId: "pay-1" }, /may not be node "pay-1"$/],
    ["refuses another group", { ...edge, group: "pay" }, /may not have the group "pay" that node "edge-1"/],
    ["refuses a type", { ...edge, types: ["Cluster", "Listener"] }, /may not have Listener$/],
    [
      "does not put rules together",
      { ...edge, principals: ["spiffe://fleet/edge/7"], nodeId: "edge-7", types: ["Cluster", "Runtime"] },
      /may not have all of Cluster, Runtime$/,
    ],
    [
      "allows everything that a rule leaves open",
      { principals: ["a.ops.example"], nodeId: "x", group: "pay", types: ["Secret"] },
      undefined,
    ],
    [
      "does not let a star of one principal reach another kind",
      { ...edge, principals: ["token:ops2"] },
      /^no rule/,
    ],
  ];
  for (const [name, request, expected] of cases) {
    it(name, () => {
      const refusal = accessRefusal(policy, request);
      if (expected === undefined) assert.equal(refusal, undefined);
      else assert.match(String(refusal), expected);
    });
  }

  it("quotes what a client wrote, in one line and cut", () => {
    const text = String(accessRefusal(policy, { ...edge, nodeId: `x\n${"y".repeat(5000)}` }));
    assert.ok(text.length < 400 && !text.includes("\n"));
  });
});

describe("operatorRefusal()", () => {
  it("allows operators alone", () => {
    assert.equal(operatorRefusal(policy, ["token:ops"]), undefined);
    assert.match(String(operatorRefusal(policy, edge.principals)), /may not ask about all nodes/);
    assert.match(String(operatorRefusal(policy, [])), /needs a certificate/);
  });
});
