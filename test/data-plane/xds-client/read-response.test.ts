import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../../src/schema/load.ts";
import type { Message } from "../../../src/schema/message.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER } from "../../../src/schema/type-urls.ts";
import { readDeltaResponse, readSotwResponse } from "../../../data-plane/xds-client/read-response.ts";

const schema = new Schema(loadDescriptors());

const any = (typeUrl: string, message: Message): Message => ({
  type_url: typeUrl,
  value: schema.encode(typeUrl.slice(typeUrl.indexOf("/") + 1), message),
});

const lenient = { rejectsUnknownFields: false };

const sotw = (typeUrl: string, ...resources: Message[]) =>
  readSotwResponse(
    schema,
    schema.encode("envoy.service.discovery.v3.DiscoveryResponse", {
      version_info: "v1",
      nonce: "n1",
      type_url: typeUrl,
      control_plane: { identifier: "server-1" },
      ...(resources.length > 0 ? { resources } : {}),
    }),
    lenient,
  );

const delta = (typeUrl: string, resources: readonly Message[], removed: readonly string[] = []) =>
  readDeltaResponse(
    schema,
    schema.encode("envoy.service.discovery.v3.DeltaDiscoveryResponse", {
      system_version_info: "s1",
      nonce: "n1",
      type_url: typeUrl,
      ...(resources.length > 0 ? { resources } : {}),
      ...(removed.length > 0 ? { removed_resources: removed } : {}),
    }),
    lenient,
  );

const wrapped = (name: string, more: Message = {}): Message => ({
  name,
  version: "7",
  resource: any(CLUSTER, { name }),
  ...more,
});

/** Why a response is refused as a whole; undefined when it is not. */
function reason({ content }: ReturnType<typeof delta>): string | undefined {
  return content.kind === "malformed" ? content.reason : undefined;
}

function names({ content }: ReturnType<typeof delta>): readonly string[] {
  return content.kind === "resources" ? content.resources.map(({ name }) => name) : [];
}

const unknownField = Buffer.from([0xf8, 0xf0, 0x04, 0x01]);

const wrapper = "type.googleapis.com/envoy.service.discovery.v3.Resource";

describe("readSotwResponse()", () => {
  it("gives resources by name, decoded, with the version of the response", () => {
    const { typeUrl, version, nonce, identifier, content } = sotw(CLUSTER, any(CLUSTER, { name: "a" }));
    assert.deepEqual([typeUrl, version, nonce, identifier], [CLUSTER, "v1", "n1", "server-1"]);
    assert.ok(content.kind === "resources");
    const { resource } = content.resources[0]!;
    assert.deepEqual([resource?.name, resource?.version, resource?.message], ["a", "v1", { name: "a" }]);
  });

  it("names endpoints by their cluster", () => {
    const response = sotw(CLUSTER_LOAD_ASSIGNMENT, any(CLUSTER_LOAD_ASSIGNMENT, { cluster_name: "a" }));
    assert.deepEqual(names(response), ["a"]);
  });

  it("XC-53 unwraps resources with a TTL, and reads a heartbeat", () => {
    const ttl = { seconds: "1", nanos: 500_000_000 };
    const { content } = sotw(
      CLUSTER,
      any(wrapper, { name: "a", ttl, resource: any(CLUSTER, { name: "a" }) }),
      any(wrapper, { name: "b", ttl }),
    );
    assert.ok(content.kind === "resources");
    assert.deepEqual(
      content.resources.map(({ name, ttlMs, resource }) => [name, ttlMs, resource !== undefined]),
      [
        ["a", 1_500, true],
        ["b", 1_500, false],
      ],
    );
  });

  it("XC-28 takes the first of two clusters or listeners with one name and refuses the second", () => {
    for (const [typeUrl, kind] of [
      [CLUSTER, "cluster"],
      [LISTENER, "listener"],
    ] as const) {
      const { content } = sotw(typeUrl, any(typeUrl, { name: "g7" }), any(typeUrl, { name: "g7" }));
      assert.ok(content.kind === "resources");
      assert.equal(content.resources.length, 1);
      assert.deepEqual(content.refused, [{ name: "g7", reason: `duplicate ${kind} g7 found` }]);
    }
  });

  it("XC-28 takes the first of two assignments with one name", () => {
    const assignment = any(CLUSTER_LOAD_ASSIGNMENT, { cluster_name: "a" });
    const { content } = sotw(CLUSTER_LOAD_ASSIGNMENT, assignment, assignment);
    assert.ok(content.kind === "resources");
    assert.deepEqual([content.resources.length, content.refused.length], [1, 0]);
  });

  it("XC-28 refuses a response with a resource of another type as a whole", () => {
    assert.equal(
      reason(sotw(CLUSTER, any(CLUSTER, { name: "a" }), any(LISTENER, { name: "b" }))),
      `type URL ${LISTENER} embedded in an individual Any does not match the message-wide type URL ${CLUSTER}`,
    );
  });

  it("XC-28 refuses a response with bytes that do not decode as a whole", () => {
    const broken = { type_url: CLUSTER, value: Buffer.from([0x0a, 0x05, 0x61]) };
    assert.match(reason(sotw(CLUSTER, any(CLUSTER, { name: "a" }), broken)) ?? "", /^Cluster\.name: /);
  });

  it("XC-28 refuses a response that breaks a field rule as a whole", () => {
    assert.match(
      reason(sotw(CLUSTER, any(CLUSTER, { name: "a" }), any(CLUSTER, {}))) ?? "",
      /^Proto constraint validation failed \(ClusterValidationError\.name: /,
    );
  });

  it("ignores a field that the schema does not know, unless such are refused", () => {
    // Field 9999, a varint of 1, behind the name.
    const value = Buffer.concat([
      schema.encode("envoy.config.cluster.v3.Cluster", { name: "a" }),
      unknownField,
    ]);
    const bytes = schema.encode("envoy.service.discovery.v3.DiscoveryResponse", {
      type_url: CLUSTER,
      resources: [{ type_url: CLUSTER, value }],
    });
    assert.deepEqual(names(readSotwResponse(schema, bytes, lenient)), ["a"]);
    assert.equal(
      reason(readSotwResponse(schema, bytes, { rejectsUnknownFields: true })),
      "Protobuf message (type envoy.config.cluster.v3.Cluster with unknown field set {9999}) has unknown fields",
    );
  });

  it("throws for bytes that are no response", () => {
    assert.throws(() => readSotwResponse(schema, Buffer.from([0xff]), lenient), { name: "DecodeError" });
  });
});

describe("readDeltaResponse()", () => {
  it("gives each resource its own version, and removals", () => {
    const response = delta(CLUSTER, [wrapped("a")], ["b"]);
    assert.equal(response.version, "s1");
    assert.ok(response.content.kind === "resources");
    assert.deepEqual(response.content.removed, ["b"]);
    const [resource] = response.content.resources;
    assert.deepEqual([resource?.name, resource?.version, resource?.resource?.version], ["a", "7", "7"]);
  });

  it("XC-52 reads a heartbeat", () => {
    const { content } = delta(CLUSTER, [{ name: "a", version: "7", ttl: { seconds: "1" } }]);
    assert.ok(content.kind === "resources");
    assert.deepEqual(content.resources, [{ name: "a", version: "7", ttlMs: 1_000 }]);
  });

  const refusals = [
    [
      "a name twice",
      [wrapped("g5"), wrapped("g5")],
      [],
      "duplicate name g5 found among added/updated resources",
    ],
    [
      "a name both added and removed",
      [wrapped("g5")],
      ["g5"],
      "duplicate name g5 found in the union of added+removed resources",
    ],
    [
      "a resource that is neither there nor a heartbeat",
      [{ name: "a", version: "7" }],
      [],
      'resource "a" has neither body nor ttl',
    ],
  ] as const;
  for (const [title, resources, removed, text] of refusals) {
    it(`XC-28 refuses ${title} as a whole`, () =>
      assert.equal(reason(delta(CLUSTER, resources, removed)), text));
  }
});
