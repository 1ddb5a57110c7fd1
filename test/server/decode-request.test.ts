import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";
import { decodeRequest } from "../../src/server/decode-request.ts";
import { WireError } from "../../src/xds/wire.ts";

const schema = new Schema(loadDescriptors());
const encode = (prefix: "" | "Delta", message: Message) =>
  schema.encode(`envoy.service.discovery.v3.${prefix}DiscoveryRequest`, message);

const metadata = {
  fields: {
    empty: { null_value: "NULL_VALUE" },
    flag: { bool_value: true },
    list: { list_value: { values: [{ number_value: 1.5 }, { string_value: "x" }] } },
    nested: { struct_value: { fields: { a: { string_value: "b" } } } },
  },
};

const node = {
  id: "n",
  cluster: "c",
  metadata,
  locality: { region: "r", zone: "z", sub_zone: "s" },
  user_agent_name: "envoy",
  user_agent_build_version: { version: { major_number: 1, minor_number: 40, patch: 0 } },
  client_features: ["a", "b"],
  extensions: [{ name: "x", category: "y" }],
};

const decodedNode = {
  id: "n",
  cluster: "c",
  metadata,
  locality: { region: "r", zone: "z", sub_zone: "s" },
  userAgentName: "envoy",
  userAgentVersion: "1.40.0",
  clientFeatures: ["a", "b"],
};

describe("decodeRequest()", () => {
  it("reads a SotW request as the schema writes it, abilities included (XDS-17), names only when wanted", () => {
    const bytes = encode("", {
      version_info: "v",
      node,
      resource_names: ["a", "b".repeat(200)],
      type_url: "t",
      response_nonce: "n",
      error_detail: { code: 3, message: "no" },
    });
    const request = decodeRequest("sotw", bytes, true);
    assert.ok(request.kind === "sotw");
    const { names, ...rest } = request;
    assert.deepEqual(names.decode(), ["a", "b".repeat(200)]);
    assert.deepEqual(rest, {
      kind: "sotw",
      versionInfo: "v",
      typeUrl: "t",
      responseNonce: "n",
      errorDetail: { code: 3, message: "no" },
      node: decodedNode,
    });
  });

  it("reads names that stand in several places", () => {
    const bytes = Buffer.concat([
      encode("", { resource_names: ["a"] }),
      encode("", { type_url: "t", resource_names: ["b"] }),
    ]);
    const request = decodeRequest("sotw", bytes, true);
    assert.ok(request.kind === "sotw");
    assert.deepEqual(request.names.decode(), ["a", "b"]);
    assert.equal(request.typeUrl, "t");
  });

  it("reads a delta request as the schema writes it", () => {
    const bytes = encode("Delta", {
      node,
      type_url: "t",
      resource_names_subscribe: ["a", "b"],
      resource_names_unsubscribe: ["c"],
      initial_resource_versions: { a: "1", d: "2" },
      response_nonce: "n",
      error_detail: { code: 3, message: "no" },
    });
    assert.deepEqual(decodeRequest("delta", bytes, true), {
      kind: "delta",
      typeUrl: "t",
      responseNonce: "n",
      errorDetail: { code: 3, message: "no" },
      node: decodedNode,
      subscribe: ["a", "b"],
      unsubscribe: ["c"],
      initialResourceVersions: new Map([
        ["a", "1"],
        ["d", "2"],
      ]),
    });
  });

  it("XDS-13 XDS-15 reads only the id of a node after the first request", () => {
    const request = decodeRequest("delta", encode("Delta", { node, type_url: "t" }), false);
    assert.equal(request.node, undefined);
    assert.equal(request.nodeId, "n");
    assert.equal(decodeRequest("delta", encode("Delta", { type_url: "t" }), false).nodeId, undefined);
  });

  it("an error_detail without content is a refusal all the same", () => {
    const request = decodeRequest("sotw", Buffer.from([0x32, 0x00]), false);
    assert.deepEqual(request.errorDetail, { code: 0, message: "" });
  });

  it("XDS-11 refuses metadata that is too large or too deep", () => {
    const large = { fields: { a: { string_value: "x".repeat(300_000) } } };
    assert.throws(
      () => decodeRequest("sotw", encode("", { node: { id: "n", metadata: large } }), true),
      /node\.metadata is \d+ bytes, limit is 262144/,
    );
    let deep: Message = {};
    for (let depth = 0; depth < 40; depth += 1) deep = { fields: { a: { struct_value: deep } } };
    assert.throws(
      () => decodeRequest("sotw", encode("", { node: { id: "n", metadata: deep } }), true),
      WireError,
    );
  });
});
