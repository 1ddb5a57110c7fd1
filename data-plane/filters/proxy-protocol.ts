import type { ConnectionInfo, FilterStateObject } from "../network/connection-info.ts";
import { ownAddresses } from "../network/connection-info.ts";
import type { HeaderPolicy } from "../proxy-protocol/decode-header.ts";
import { decodeHeader } from "../proxy-protocol/decode-header.ts";
import type { ProxyHeader, ProxyProtocolVersion } from "../proxy-protocol/header.ts";
import type { PassThroughTlvs } from "../proxy-protocol/select-tlvs.ts";
import { passedTlvs } from "../proxy-protocol/select-tlvs.ts";
import type { TlvRule } from "../proxy-protocol/tlv-metadata.ts";
import { keptTlvValues, TLV_FILTER_STATE_KEY } from "../proxy-protocol/tlv-metadata.ts";
import { countersOf, isProtocolError, proxyProtocolCounters } from "../proxy-protocol/verdict.ts";
import { V2_FIXED_BYTES, V2_MAX_BODY_BYTES } from "../proxy-protocol/wire.ts";
import type { ProxyProtocol } from "../../src/schema/api.ts";
import type { Extension, ListenerFilter, ListenerFilterVerdict } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { passThroughTlvs } from "../resources/pass-through-tlvs.ts";
import type { SupportTable } from "../resources/support.ts";
import { oneOf, unsupportedFields } from "../resources/support.ts";

const typeName = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";

const support: SupportTable = {
  rules: {
    tlv_type: true,
    on_tlv_present: {
      metadata_namespace: true,
      key: true,
      value_string_encoding: oneOf(
        "VALUE_STRING_ENCODING_UNSPECIFIED",
        "UNSPECIFIED",
        "SANITIZED_UTF8",
        "BASE64",
      ),
    },
  },
  allow_requests_without_proxy_protocol: true,
  pass_through_tlvs: { match_type: true, tlv_type: true },
  disallowed_versions: oneOf("V1", "V2"),
  stat_prefix: true,
  tlv_location: oneOf("DYNAMIC_METADATA", "FILTER_STATE"),
};

interface FilterConfig {
  readonly policy: HeaderPolicy;
  readonly rules: readonly TlvRule[];
  readonly location: "DYNAMIC_METADATA" | "FILTER_STATE";
  readonly passThrough: PassThroughTlvs | undefined;
}

const more: ListenerFilterVerdict = { kind: "more" };
const close: ListenerFilterVerdict = { kind: "close" };
const untouched: ListenerFilterVerdict = { kind: "continue", consumed: 0 };

/** `envoy.filters.listener.proxy_protocol`: reads the PROXY header and restores the client's address (PP-1 to PP-63). */
export const proxyProtocol: Extension<ListenerFilter> = {
  typeName,
  parse(message, _context, path) {
    const filter = asType(typeName, message);
    const config = filterConfig(filter);
    const problems = [...unsupportedFields(message, support, path)];
    if (new Set(config.policy.disallowedVersions).size > 1) {
      problems.push(refuse(`${path}.disallowed_versions`, "all proxy protocol versions are disallowed"));
    }
    const prefix = filter.stat_prefix ? `proxy_proto.${filter.stat_prefix}` : "proxy_proto";
    return parsed((run) => {
      const counters = run.stats.counters(prefix, proxyProtocolCounters);
      const root = run.stats.counters("", ["downstream_cx_proxy_proto_error"]);
      return {
        readMaxBytes: V2_FIXED_BYTES + V2_MAX_BODY_BYTES,
        open: (connection) => (bytes) => {
          const verdict = decodeHeader(bytes, config.policy);
          if (verdict.kind === "more") return more;
          for (const name of countersOf(verdict)) counters[name] += 1;
          if (isProtocolError(verdict)) root.downstream_cx_proxy_proto_error += 1;
          if (verdict.kind === "refuse") return close;
          if (verdict.kind === "pass-through") return untouched;
          restore(connection, verdict.header, config);
          return { kind: "continue", consumed: verdict.consumed };
        },
      };
    }, problems);
  },
};

function filterConfig(filter: ProxyProtocol): FilterConfig {
  const disallowedVersions = (filter.disallowed_versions ?? []).filter(
    (version): version is ProxyProtocolVersion => version === "V1" || version === "V2",
  );
  return {
    policy: {
      allowRequestsWithoutProxyProtocol: filter.allow_requests_without_proxy_protocol ?? false,
      disallowedVersions,
    },
    rules: (filter.rules ?? []).map(tlvRule),
    location: filter.tlv_location === "FILTER_STATE" ? "FILTER_STATE" : "DYNAMIC_METADATA",
    passThrough: passThroughTlvs(filter.pass_through_tlvs),
  };
}

function tlvRule(rule: NonNullable<ProxyProtocol["rules"]>[number]): TlvRule {
  const tlvType = rule.tlv_type ?? 0;
  const target = rule.on_tlv_present;
  if (!target) return { tlvType };
  return {
    tlvType,
    onTlvPresent: {
      key: target.key ?? "",
      metadataNamespace: target.metadata_namespace ?? "",
      valueStringEncoding: target.value_string_encoding === "BASE64" ? "BASE64" : "SANITIZED_UTF8",
    },
  };
}

function restore(connection: ConnectionInfo, header: ProxyHeader, config: FilterConfig): void {
  if (header.addresses) {
    connection.remote = header.addresses.source;
    connection.restoreLocal(header.addresses.destination);
  }
  if (config.rules.length > 0) keepValues(connection, header, config);
  if (connection.proxyProtocol) return;
  const addresses = header.addresses ?? ownAddresses(connection);
  // The values are views of the receive buffer, which must not live as long as the connection.
  const tlvs = passedTlvs(header.tlvs, config.passThrough).map(({ type, value }) => ({
    type,
    value: Buffer.from(value),
  }));
  connection.proxyProtocol = { ...(addresses && { addresses }), tlvs };
}

function keepValues(
  connection: ConnectionInfo,
  header: ProxyHeader,
  { rules, location }: FilterConfig,
): void {
  const kept = keptTlvValues(header.tlvs, rules, location);
  if (location === "DYNAMIC_METADATA") {
    for (const { namespace, key, value } of kept) connection.addMetadata(namespace, key, value);
  } else if (kept.length > 0) {
    const values = new Map(kept.map(({ key, value }) => [key, value]));
    connection.setFilterState(TLV_FILTER_STATE_KEY, tlvFilterState(values));
  }
}

function tlvFilterState(values: ReadonlyMap<string, string>): FilterStateObject {
  return {
    serialize: () => JSON.stringify(Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)))),
    field: (name) => values.get(name),
  };
}
