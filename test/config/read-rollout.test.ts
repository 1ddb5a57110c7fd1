import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { policiesByDefault, policyOf } from "../../src/config/rollout-policy.ts";
import { readSettings } from "../../src/config/settings.ts";
import { loadSchema } from "../../src/schema/load.ts";

const schema = loadSchema();

function read(text: string) {
  const { settings, problems } = readSettings(schema, { name: "chancery.yaml", text });
  return { ...settings, messages: problems.map(({ path, message }) => `${path}: ${message}`) };
}

describe("rollout in chancery.yaml", () => {
  it("is all nodes at once when it says nothing", () => {
    assert.deepEqual(read("groups: [{name: edge}]").rollout, policiesByDefault);
  });

  it("adds the last stage, and lets stages differ from the gates of all", () => {
    const { rollout, messages } = read(`
rollout:
  gates: {soak: 1s, max_refusals: 2}
  stages:
  - {match: {id: "canary-*"}, pause: true}
  - {percent: 10, gates: {acked_percent: 50, acked_within: 90s, max_lost: 0, min_nodes: 3}}
`);
    assert.deepEqual(messages, []);
    const shared = {
      ackedPercent: 100,
      ackedWithinMs: 60_000,
      soakMs: 1_000,
      maxRefusals: 2,
      maxLost: 0,
      minNodes: 0,
    };
    assert.deepEqual(rollout.others, {
      rollsBack: true,
      stages: [
        { reach: { kind: "match", match: { id: "canary-*" } }, gates: shared, waitsForPromote: true },
        {
          reach: { kind: "percent", percent: 10 },
          gates: { ...shared, ackedPercent: 50, ackedWithinMs: 90_000, minNodes: 3 },
          waitsForPromote: false,
        },
        { reach: { kind: "percent", percent: 100 }, gates: shared, waitsForPromote: false },
      ],
    });
  });

  it("is that of the group where it has one, as a whole", () => {
    const { rollout } = read(`
rollout: {stages: [{percent: 10}]}
groups:
- {name: edge, rollout: {rollback: never}}
`);
    assert.equal(policyOf(rollout, "edge").rollsBack, false);
    assert.equal(policyOf(rollout, "edge").stages.length, 1);
    assert.equal(policyOf(rollout, "inner").stages.length, 2);
  });

  it("reads probes, and says where programs are to be run", () => {
    const { rollout, probeCommands } = read(`
rollout:
  gates: {probe: {http: "http://edge.test/health", timeout: 2s, attempts: 1}}
  stages: [{percent: 5, gates: {probe: {command: [curl, edge.test]}}}]
`);
    const [first, last] = rollout.others.stages;
    assert.deepEqual(last?.gates.probe, {
      kind: "http",
      url: "http://edge.test/health",
      timeoutMs: 2_000,
      attempts: 1,
    });
    assert.equal(first?.gates.probe?.kind, "command");
    assert.deepEqual(
      probeCommands.map(({ line }) => line),
      [4],
    );
  });

  const mistakes: readonly (readonly [text: string, message: string])[] = [
    ["{stages: [{}]}", "rollout.stages[0]: a stage has one of percent and match"],
    ["{stages: [{percent: 1, match: {id: a}}]}", "rollout.stages[0]: a stage has one of percent and match"],
    [
      "{stages: [{percent: 50}, {percent: 10}]}",
      "rollout.stages[1].percent: stages grow: 10 percent comes after 50",
    ],
    ["{stages: [{percent: 100}, {match: {id: a}}]}", "rollout.stages[1]: all nodes have it already"],
    ["{gates: {probe: {}}}", "rollout.gates.probe: a probe has one of http and command"],
  ];
  for (const [text, message] of mistakes) {
    it(`refuses ${text}`, () => {
      assert.deepEqual(read(`rollout: ${text}`).messages, [message]);
    });
  }

  for (const text of [
    "{stages: [{percent: 0}]}",
    "{gates: {soak: -1s}}",
    "{after: 1s}",
    "{rollback: later}",
  ]) {
    it(`refuses ${text} by the schema`, () => {
      assert.equal(read(`rollout: ${text}`).messages.length, 1);
    });
  }
});
