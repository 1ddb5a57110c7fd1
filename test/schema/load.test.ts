import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";
import type { FieldKind } from "../../src/schema/descriptor.ts";

const descriptors = loadDescriptors();

const field = (message: string, name: string) =>
  descriptors.messages.get(message)?.fields.find((candidate) => candidate.name === name);

describe("the descriptor bundle", () => {
  it("is a closed set: every type that a field mentions is in it", () => {
    const isKnown = (type: FieldKind): boolean => {
      if (type.kind === "scalar") return true;
      if (type.kind === "map") return isKnown(type.value);
      return type.kind === "message" ? descriptors.messages.has(type.name) : descriptors.enums.has(type.name);
    };
    const unknown = [...descriptors.messages.values()].flatMap((message) =>
      message.fields.filter((item) => !isKnown(item.type)).map((item) => `${message.name}.${item.name}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("holds the fields of a message in order of their numbers, each number and name once", () => {
    for (const { name, fields } of descriptors.messages.values()) {
      const numbers = fields.map((item) => item.number);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
        name,
      );
      assert.equal(new Set(fields.map((item) => item.name)).size, fields.length, name);
    }
  });

  it("knows scalars, messages, enums, maps and lists", () => {
    assert.deepEqual(field("envoy.config.cluster.v3.Cluster", "connect_timeout"), {
      name: "connect_timeout",
      jsonName: "connectTimeout",
      number: 4,
      type: { kind: "message", name: "google.protobuf.Duration" },
      isRepeated: false,
      isPacked: false,
      hasPresence: true,
      rules: { duration: { gt: {} } },
    });
    assert.deepEqual(field("envoy.config.cluster.v3.Cluster", "typed_extension_protocol_options")?.type, {
      kind: "map",
      key: "string",
      value: { kind: "message", name: "google.protobuf.Any" },
    });
    const tlvTypes = field("envoy.config.core.v3.ProxyProtocolPassThroughTLVs", "tlv_type");
    assert.deepEqual(tlvTypes?.type, { kind: "scalar", scalar: "uint32" });
    assert.equal(tlvTypes?.isRepeated && tlvTypes.isPacked, true);
    assert.deepEqual(tlvTypes?.rules, { repeated: { items: { uint32: { lt: 256 } } } });
  });

  it("knows which oneofs must be set", () => {
    const address = descriptors.messages.get("envoy.config.core.v3.Address");
    assert.deepEqual(address?.oneofs, [{ name: "address", isRequired: true }]);
    assert.equal(field("envoy.config.core.v3.Address", "socket_address")?.oneof, "address");
  });

  it("lists enum values with the default first", () => {
    assert.deepEqual(descriptors.enums.get("envoy.config.core.v3.ProxyProtocolConfig.Version")?.values, [
      { name: "V1", number: 0 },
      { name: "V2", number: 1 },
    ]);
  });

  it("marks deprecated fields", () => {
    assert.equal(field("envoy.config.listener.v3.FilterChain", "use_proxy_proto")?.isDeprecated, true);
    assert.equal(field("envoy.config.listener.v3.FilterChain", "filters")?.isDeprecated, undefined);
  });
});
