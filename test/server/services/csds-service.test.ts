import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adsSotw } from "../../kit/raw-xds-client.ts";
import { urlOf } from "../../xds/session-client.ts";
import { startOperatorServer } from "./operator-server.ts";

const types = {
  input: "envoy.service.status.v3.ClientStatusRequest",
  output: "envoy.service.status.v3.ClientStatusResponse",
};
const service = "/envoy.service.status.v3.ClientStatusDiscoveryService";

interface Answer {
  readonly config?: readonly {
    readonly node: { readonly id: string; readonly cluster?: string };
    readonly generic_xds_configs?: readonly {
      readonly type_url: string;
      readonly name: string;
      readonly version_info?: string;
      readonly xds_config?: unknown;
      readonly config_status?: string;
      readonly client_status?: string;
      readonly last_updated?: { readonly seconds: string };
      readonly error_state?: { readonly details: string; readonly version_info: string };
    }[];
  }[];
}

const node = (id: string, tier: string) => ({
  id,
  cluster: "edge",
  metadata: { fields: { tier: { string_value: tier } } },
});

/** Two nodes: one holds its clusters and refused its listeners, the other has not answered yet. */
async function startWithNodes() {
  const up = await startOperatorServer({ CDS: { a: "1", b: "1" }, LDS: { l: "1" }, SDS: { s: "secret" } });
  const first = up.client.open(adsSotw);
  first.send({ node: node("e1", "gold"), type_url: urlOf("CDS") });
  const clusters = await first.next();
  first.send({ type_url: urlOf("CDS"), version_info: clusters.version, response_nonce: clusters.nonce });
  first.send({ type_url: urlOf("LDS") });
  const listeners = await first.next();
  const message = "l: password: hunter2hunter2 is wrong";
  first.send({
    type_url: urlOf("LDS"),
    response_nonce: listeners.nonce,
    error_detail: { code: 13, message },
  });
  await up.log.told("nacked");
  const second = up.client.open(adsSotw);
  second.send({ node: node("e2", "iron"), type_url: urlOf("SDS"), resource_names: ["s", "none"] });
  await second.next();
  return up;
}

describe("CSDS (XDS-143)", () => {
  it("tells what each node holds, with version, time and refusal, and no content", async () => {
    await using up = await startWithNodes();
    const answer: Answer = await up.call(`${service}/FetchClientStatus`, types, {});
    const shown = answer.config?.map(({ node: { id, cluster }, generic_xds_configs = [] }) => [
      id,
      cluster,
      generic_xds_configs.map((config) => [config.name, config.config_status, config.client_status]),
    ]);
    assert.deepEqual(shown, [
      [
        "e1",
        "edge",
        [
          ["a", "SYNCED", "ACKED"],
          ["b", "SYNCED", "ACKED"],
          ["l", "ERROR", "NACKED"],
        ],
      ],
      [
        "e2",
        "edge",
        [
          ["s", "STALE", "REQUESTED"],
          ["none", "NOT_SENT", "DOES_NOT_EXIST"],
        ],
      ],
    ]);
    const [cluster, , listener] = answer.config?.[0]?.generic_xds_configs ?? [];
    assert.match(cluster?.version_info ?? "", /^[\w-]{16}$/);
    assert.ok(Number(cluster?.last_updated?.seconds) > 1e9);
    assert.match(listener?.error_state?.details ?? "", /^l: password: (?!hunter2)/);
    assert.ok(
      answer.config?.every((config) => config.generic_xds_configs?.every((item) => !item.xds_config)),
    );
  });

  it("answers each message of a stream", async () => {
    await using up = await startWithNodes();
    const stream = up.open(`${service}/StreamClientStatus`, types);
    for (const expected of [["e2"], ["e1", "e2"]]) {
      stream.send(expected.length === 1 ? { node_matchers: [{ node_id: { exact: "e2" } }] } : {});
      const answer: Answer = await stream.next();
      assert.deepEqual(
        answer.config?.map((config) => config.node.id),
        expected,
      );
    }
  });

  const path = [{ key: "tier" }];
  const matchers: readonly [string, object, readonly string[]][] = [
    ["an exact id", { node_id: { exact: "e1" } }, ["e1"]],
    ["a prefix", { node_id: { prefix: "e" } }, ["e1", "e2"]],
    ["a suffix, case ignored", { node_id: { suffix: "E2", ignore_case: true } }, ["e2"]],
    ["a part", { node_id: { contains: "x" } }, []],
    ["a regular expression", { node_id: { safe_regex: { regex: "e[2-9]" } } }, ["e2"]],
    ["metadata", { node_metadatas: [{ path, value: { string_match: { exact: "gold" } } }] }, ["e1"]],
    [
      "id and metadata",
      { node_id: { exact: "e2" }, node_metadatas: [{ path, value: { string_match: { exact: "gold" } } }] },
      [],
    ],
    [
      "metadata that is absent",
      { node_metadatas: [{ path: [{ key: "constructor" }], value: { present_match: true } }] },
      [],
    ],
  ];
  for (const [what, matcher, expected] of matchers) {
    it(`finds nodes by ${what}`, async () => {
      await using up = await startWithNodes();
      const request = { node_matchers: [matcher] };
      const answer: Answer = await up.call(`${service}/FetchClientStatus`, types, request);
      assert.deepEqual(
        (answer.config ?? []).map((config) => config.node.id),
        expected,
      );
    });
  }

  it("refuses a matcher that it cannot read, and clients that are no operators", async () => {
    await using up = await startWithNodes();
    const request = { node_matchers: [{ node_id: { safe_regex: { regex: "(" } } }] };
    const answer: { code?: string } = await up.call(`${service}/FetchClientStatus`, types, request);
    assert.equal(answer.code, "INVALID_ARGUMENT");
    const rules = [{ principals: ["a"], isOperator: true }];
    await using guarded = await startOperatorServer({ CDS: { a: "1" } }, { rules });
    const refused: { code?: string } = await guarded.call(`${service}/FetchClientStatus`, types, {});
    assert.equal(refused.code, "PERMISSION_DENIED");
  });
});
