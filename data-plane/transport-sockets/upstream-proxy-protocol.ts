import { typeNameOf } from "../../src/schema/type-urls.ts";
import type { FormatSource } from "../network/format-string.ts";
import type { ProxyProtocolState } from "../network/connection-info.ts";
import type { UpstreamContext } from "../network/upstream.ts";
import { encodeV1, encodeV2 } from "../proxy-protocol/encode-header.ts";
import type { ProxyAddresses, Tlv } from "../proxy-protocol/header.ts";
import type { PassThroughTlvs } from "../proxy-protocol/select-tlvs.ts";
import { passedTlvs, upstreamTlvs } from "../proxy-protocol/select-tlvs.ts";
import type { Extension, ParseContext, UpstreamTransportSocket } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import { passThroughTlvs } from "../resources/pass-through-tlvs.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect, unsupportedFields } from "../resources/support.ts";
import type { TlvSource } from "../resources/tlv-entry.ts";
import { parseTlvEntries, tlvEntrySupport, tlvsOf } from "../resources/tlv-entry.ts";
import { parseTypedConfig } from "../resources/typed-config.ts";

const typeName = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";
const PER_HOST_CONFIG = "envoy.config.core.v3.PerHostConfig";
const METADATA_KEY = "envoy.transport_sockets.proxy_protocol";

const support: SupportTable = {
  config: {
    version: true,
    pass_through_tlvs: { match_type: true, tlv_type: true },
    added_tlvs: tlvEntrySupport,
  },
  transport_socket: true,
  // Envoy 1.40 takes it and does nothing with it (PP-98).
  allow_unspecified_address: noEffect,
  // Envoy 1.40 does nothing with this one either; docs/parity.md tells why it counts here.
  tlv_as_pool_key: true,
};

/** What a header of one cluster is made from. */
interface HeaderConfig {
  readonly version: "V1" | "V2";
  readonly passThrough: PassThroughTlvs | undefined;
  readonly added: readonly TlvSource[];
  readonly allowsDuplicates: boolean;
  readonly hasFormats: boolean;
  readonly hostname: string;
  readonly schema: ParseContext["schema"];
}

/**
 * `envoy.transport_sockets.upstream_proxy_protocol`: the PROXY header first of all, then whatever the inner socket sends, another
 * header included (PP-93).
 */
export const upstreamProxyProtocol: Extension<UpstreamTransportSocket> = {
  typeName,
  parse(message, context, path) {
    const transport = asType(typeName, message);
    const inner = parseTypedConfig(
      "upstreamTransportSockets",
      transport.transport_socket ?? {},
      context,
      `${path}.transport_socket`,
    );
    const added = parseTlvEntries(transport.config?.added_tlvs, `${path}.config.added_tlvs`);
    const problems = [...unsupportedFields(message, support, path), ...inner.problems, ...added.problems];
    const install = inner.value;
    if (!install) return { problems };
    const version = transport.config?.version ?? "V1";
    const config: HeaderConfig = {
      // An unknown number behaves as V2 (PP-90).
      version: version === "V1" ? "V1" : "V2",
      passThrough: passThroughTlvs(transport.config?.pass_through_tlvs),
      added: added.value ?? [],
      allowsDuplicates: context.runtime.isEnabled(
        "envoy.reloadable_features.proxy_protocol_allow_duplicate_tlvs",
        true,
      ),
      hasFormats: context.runtime.isEnabled(
        "envoy.reloadable_features.proxy_protocol_added_tlvs_format_string",
        true,
      ),
      hostname: context.hostname,
      schema: context.schema,
    };
    return parsed((run, scope) => {
      const socket = install(run, scope);
      const counters = run.stats.counters(`${scope}.upstream.proxyprotocol`, ["v2_tlvs_exceed_max_length"]);
      return {
        ...socket,
        poolKey: transport.tlv_as_pool_key
          ? (downstream) => `${addressKey(downstream?.addresses)} ${tlvKey(config, downstream)}`
          : (downstream) => addressKey(downstream?.addresses),
        header: (upstream) => {
          const own = writeHeader(config, upstream);
          if (own.omittedTlvs > 0) counters.v2_tlvs_exceed_max_length += 1;
          const rest = socket.header(upstream);
          return rest ? Buffer.concat([own.bytes, rest]) : own.bytes;
        },
      };
    }, problems);
  },
};

function writeHeader(
  config: HeaderConfig,
  upstream: UpstreamContext,
): { bytes: Buffer; omittedTlvs: number } {
  const { downstream } = upstream;
  if (config.version === "V1") {
    // Without a downstream the line tells of the upstream connection itself (PP-95, PP-119).
    const addresses = downstream ? downstream.addresses : ownAddresses(upstream);
    return { bytes: encodeV1(addresses), omittedTlvs: 0 };
  }
  if (!downstream?.addresses) return encodeV2(undefined, []);
  const tlvs = upstreamTlvs({
    host: hostTlvs(config, upstream),
    added:
      config.added.length === 0
        ? []
        : tlvsOf(config.added, formatSource(config, upstream), config.hasFormats),
    passed: passedTlvs(downstream.tlvs, config.passThrough),
    allowDuplicates: config.allowsDuplicates,
  });
  return encodeV2(downstream.addresses, tlvs);
}

/** The TLVs that the header passes on, whatever their order. */
function tlvKey(config: HeaderConfig, downstream: ProxyProtocolState | undefined): string {
  if (config.version === "V1") return "";
  const passed = passedTlvs(downstream?.tlvs ?? [], config.passThrough);
  const texts = passed.map(({ type, value }) => `${type}=${Buffer.from(value).toString("hex")}`);
  return texts.sort((a, b) => (a < b ? -1 : 1)).join(" ");
}

/** Both ends with their ports; TLVs do not count (PP-113, PP-114). */
function addressKey(addresses: ProxyAddresses | undefined): string {
  if (!addresses) return "";
  const { source, destination } = addresses;
  return `${source.address} ${source.port} ${destination.address} ${destination.port}`;
}

function ownAddresses({ local, host }: UpstreamContext): ProxyAddresses | undefined {
  if (local.family === "pipe" || host.address.family === "pipe") return undefined;
  return { source: local, destination: host.address };
}

/** TLVs of the endpoint's typed metadata; another message type there is passed over (PP-103). */
function hostTlvs({ schema }: HeaderConfig, { host }: UpstreamContext): readonly Tlv[] {
  const any = host.metadata.typed.get(METADATA_KEY);
  if (!any || typeNameOf(any.type_url) !== PER_HOST_CONFIG) return [];
  const config = asType(PER_HOST_CONFIG, schema.decode(PER_HOST_CONFIG, any.value));
  return (config.added_tlvs ?? []).map(({ type = 0, value }) => ({
    type: type & 0xff,
    value: value ?? Buffer.alloc(0),
  }));
}

const unknown = () => undefined;

/** Format strings here see the upstream connection, the host standing where the client would (PP-105). */
function formatSource(config: HeaderConfig, { host, local, connectionId }: UpstreamContext): FormatSource {
  return {
    connection: {
      id: connectionId,
      remote: host.address,
      directRemote: host.address,
      local,
      directLocal: local,
      metadata: unknown,
      filterState: unknown,
    },
    upstreamHost: host,
    hostname: config.hostname,
  };
}
