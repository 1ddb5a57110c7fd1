import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";

const descriptors = loadDescriptors();
const core = "envoy.config.core.v3";
const listenerFilter = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";
const upstream = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";
const tcpProxy = "envoy.extensions.filters.network.tcp_proxy.v3";

/** Every field that this project is about, those of Envoy 1.40 that the npm package lacks included. */
const fields: Readonly<Record<string, readonly string[]>> = {
  [listenerFilter]: [
    `1 rules ${listenerFilter}.Rule`,
    "2 allow_requests_without_proxy_protocol bool",
    `3 pass_through_tlvs ${core}.ProxyProtocolPassThroughTLVs`,
    `4 disallowed_versions ${core}.ProxyProtocolConfig.Version`,
    "5 stat_prefix string",
    `6 tlv_location ${listenerFilter}.TlvLocation`,
  ],
  [`${listenerFilter}.Rule`]: ["1 tlv_type uint32", `2 on_tlv_present ${listenerFilter}.KeyValuePair`],
  [`${listenerFilter}.KeyValuePair`]: [
    "1 metadata_namespace string",
    "2 key string",
    `3 value_string_encoding ${listenerFilter}.KeyValuePair.ValueStringEncoding`,
  ],
  "envoy.extensions.filters.listener.original_src.v3.OriginalSrc": ["1 bind_port bool", "2 mark uint32"],
  [upstream]: [
    `1 config ${core}.ProxyProtocolConfig`,
    `2 transport_socket ${core}.TransportSocket`,
    "3 allow_unspecified_address bool",
    "4 tlv_as_pool_key bool",
  ],
  [`${core}.ProxyProtocolConfig`]: [
    `1 version ${core}.ProxyProtocolConfig.Version`,
    `2 pass_through_tlvs ${core}.ProxyProtocolPassThroughTLVs`,
    `3 added_tlvs ${core}.TlvEntry`,
  ],
  [`${core}.ProxyProtocolPassThroughTLVs`]: [
    `1 match_type ${core}.ProxyProtocolPassThroughTLVs.PassTLVsMatchType`,
    "2 tlv_type uint32",
  ],
  [`${core}.TlvEntry`]: [
    "1 type uint32",
    "2 value bytes",
    `3 format_string ${core}.SubstitutionFormatString`,
  ],
  [`${core}.PerHostConfig`]: [`1 added_tlvs ${core}.TlvEntry`],
};

const enums: Readonly<Record<string, readonly string[]>> = {
  [`${core}.ProxyProtocolConfig.Version`]: ["V1", "V2"],
  [`${core}.ProxyProtocolPassThroughTLVs.PassTLVsMatchType`]: ["INCLUDE_ALL", "INCLUDE"],
  [`${listenerFilter}.TlvLocation`]: ["DYNAMIC_METADATA", "FILTER_STATE"],
  [`${listenerFilter}.KeyValuePair.ValueStringEncoding`]: ["UNSPECIFIED", "SANITIZED_UTF8", "BASE64"],
  [`${tcpProxy}.ProxyProtocolTlvMergePolicy`]: [
    "ADD_IF_ABSENT",
    "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD",
    "APPEND_IF_EXISTS_OR_ADD",
  ],
};

function fieldLines(name: string): string[] | undefined {
  return descriptors.messages.get(name)?.fields.map(({ number, name: field, type }) => {
    const typeName =
      type.kind === "scalar" ? type.scalar : type.kind === "map" ? `map of ${type.key}` : type.name;
    return `${number} ${field} ${typeName}`;
  });
}

const ruleOf = (message: string, name: string) =>
  descriptors.messages.get(message)?.fields.find((field) => field.name === name)?.rules;

describe("the PROXY protocol in the bundle", () => {
  for (const [name, expected] of Object.entries(fields)) {
    it(`has every field of ${name}`, () => assert.deepEqual(fieldLines(name), expected));
  }

  for (const [name, expected] of Object.entries(enums)) {
    it(`has every value of ${name}`, () => {
      const values = descriptors.enums.get(name)?.values.map((value) => value.name);
      assert.deepEqual(values, expected);
    });
  }

  it("has the TLVs of a TCP proxy", () => {
    const lines = fieldLines(`${tcpProxy}.TcpProxy`)?.filter((line) => line.includes("proxy_protocol"));
    assert.deepEqual(lines, [
      `19 proxy_protocol_tlvs ${core}.TlvEntry`,
      `23 proxy_protocol_tlv_merge_policy ${tcpProxy}.ProxyProtocolTlvMergePolicy`,
    ]);
  });

  it("has the rules: a TLV type is a byte", () => {
    assert.deepEqual(ruleOf(`${core}.TlvEntry`, "type"), { uint32: { lt: 256 } });
    assert.deepEqual(ruleOf(`${listenerFilter}.Rule`, "tlv_type"), { uint32: { lt: 256 } });
    assert.deepEqual(ruleOf(upstream, "transport_socket"), { message: { required: true } });
  });
});
