import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../src/base/problem.ts";
import { Compiler } from "../../src/config/compiler.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { CLUSTER, SECRET } from "../../src/schema/type-urls.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());

function compile(settings: string) {
  const files = { "chancery.yaml": settings, "groups/edge/a.yaml": "clusters: [{name: a}]" };
  return new Compiler(schema).compile(Object.entries(files).map(([path, text]) => ({ path, text })));
}

describe("authorization in chancery.yaml", () => {
  it("XDS-137 gives rules, with types as type URLs", () => {
    const { authorization, problems } = compile(`authorization:
  rules:
  - principals: ["spiffe://fleet/edge/*"]
    node_ids: ["edge-*"]
    groups: [edge]
    types: [Cluster, ${SECRET}]
  - principals: ["token:ops"]
    operator: true
`);
    assert.deepEqual(problems, []);
    assert.deepEqual(authorization, {
      rules: [
        {
          principals: ["spiffe://fleet/edge/*"],
          nodeIds: ["edge-*"],
          groups: ["edge"],
          types: [CLUSTER, SECRET],
          isOperator: false,
        },
        { principals: ["token:ops"], isOperator: true },
      ],
    });
  });

  it("is absent when the file says nothing of it", () => {
    assert.equal(compile("groups: [{name: edge}]").authorization, undefined);
  });

  const mistakes: readonly [string, string, RegExp][] = [
    ["an empty key", "authorization:", /^chancery\.yaml:1:1 authorization: authorization has no rules/],
    ["no rules", "authorization: {}", /authorization.rules/],
    ["an empty list of rules", "authorization: {rules: []}", /authorization.rules/],
    ["a rule for nobody", "authorization: {rules: [{groups: [edge]}]}", /principals/],
    ["an unknown key", "authorization: {rules: [{principals: [a], group: [edge]}]}", /groups\?$/],
    [
      "a group that is not there",
      "authorization: {rules: [{principals: [a], groups: [edgy]}]}",
      /^chancery\.yaml:1:52 authorization\.rules\[0\]\.groups\[0\]: there is no group "edgy"; did you mean edge\?$/,
    ],
    [
      "a type that is not there",
      "authorization: {rules: [{principals: [a], types: [Secrets]}]}",
      /types\[0\]: expected the name of a resource type.*did you mean Secret\?$/,
    ],
  ];
  for (const [what, text, expected] of mistakes) {
    it(`refuses ${what}: nobody is let in by a mistake`, () => {
      const errors = compile(text).problems.filter(({ severity }) => severity === "error");
      assert.equal(errors.length, 1, JSON.stringify(errors));
      assert.match(formatProblem(errors[0]!), expected);
    });
  }
});
