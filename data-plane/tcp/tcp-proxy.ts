import type { Problem } from "../../src/base/problem.ts";
import type { TcpProxy } from "../../src/schema/api.ts";
import { ConnectionNote } from "../access-logs/connection-note.ts";
import { parseAccessLogs } from "../access-logs/parse-access-logs.ts";
import type { ProxyProtocolState } from "../network/connection-info.ts";
import { ownAddresses, type ConnectionInfo } from "../network/connection-info.ts";
import type { ConnectAttempt } from "../network/upstream.ts";
import type { TlvMergePolicy } from "../proxy-protocol/select-tlvs.ts";
import { mergeTlvs } from "../proxy-protocol/select-tlvs.ts";
import type {
  AccessLogger,
  DownstreamConnection,
  Extension,
  NetworkFilter,
  RunContext,
} from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { oneOf, unsupportedFields } from "../resources/support.ts";
import type { TlvSource } from "../resources/tlv-entry.ts";
import { parseTlvEntries, tlvEntrySupport, tlvsOf } from "../resources/tlv-entry.ts";
import { durationMs, wrapped } from "../resources/values.ts";
import type { ConnectionHash } from "./hash-policy.ts";
import { connectionHash, hashPolicySupport } from "./hash-policy.ts";
import { startRelay } from "./relay.ts";
import type { RouteChoice } from "./route-choice.ts";
import { connectionSubset, routeChoice } from "./route-choice.ts";

const typeName = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

const support: SupportTable = {
  stat_prefix: true,
  cluster: true,
  weighted_clusters: { clusters: { name: true, weight: true, metadata_match: true } },
  metadata_match: true,
  hash_policy: hashPolicySupport,
  idle_timeout: true,
  max_connect_attempts: true,
  access_log: true,
  max_downstream_connection_duration: true,
  proxy_protocol_tlvs: tlvEntrySupport,
  proxy_protocol_tlv_merge_policy: oneOf(
    "ADD_IF_ABSENT",
    "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD",
    "APPEND_IF_EXISTS_OR_ADD",
  ),
};

const counterNames = [
  "downstream_cx_no_route",
  "downstream_cx_rx_bytes_total",
  "downstream_cx_total",
  "downstream_cx_tx_bytes_total",
  "downstream_flow_control_paused_reading_total",
  "downstream_flow_control_resumed_reading_total",
  "idle_timeout",
  "max_downstream_connection_duration",
] as const;

const ONE_HOUR_MS = 3_600_000;

interface TcpProxyConfig {
  readonly statPrefix: string;
  readonly choose: RouteChoice;
  readonly hashOf: ConnectionHash | undefined;
  /** 1 h when unset, 0 for none (PP-112). */
  readonly idleTimeoutMs: number;
  readonly maxConnectAttempts: number;
  /** 0: no limit. */
  readonly maxDurationMs: number;
  readonly tlvs: readonly TlvSource[];
  readonly mergePolicy: TlvMergePolicy;
  readonly hostname: string;
}

/** `envoy.filters.network.tcp_proxy`: one upstream connection for each downstream connection. */
export const tcpProxy: Extension<NetworkFilter> = {
  typeName,
  parse(message, context, path) {
    const proxy = asType(typeName, message);
    const tlvs = parseTlvEntries(proxy.proxy_protocol_tlvs, `${path}.proxy_protocol_tlvs`);
    const accessLogs = parseAccessLogs(proxy.access_log, context, `${path}.access_log`);
    const problems: Problem[] = [
      ...unsupportedFields(message, support, path),
      ...tlvs.problems,
      ...accessLogs.problems,
    ];
    const config = tcpProxyConfig(proxy, tlvs.value ?? [], context.hostname);
    return parsed((run, scope) => installTcpProxy(config, run, accessLogs.value?.(run, scope)), problems);
  },
};

function tcpProxyConfig(proxy: TcpProxy, tlvs: readonly TlvSource[], hostname: string): TcpProxyConfig {
  const policy = proxy.proxy_protocol_tlv_merge_policy;
  const isKnown = policy === "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD" || policy === "APPEND_IF_EXISTS_OR_ADD";
  return {
    statPrefix: proxy.stat_prefix ?? "",
    choose: routeChoice(proxy),
    hashOf: connectionHash(proxy.hash_policy),
    idleTimeoutMs: durationMs(proxy.idle_timeout, ONE_HOUR_MS),
    maxConnectAttempts: wrapped(proxy.max_connect_attempts, 1, 1),
    maxDurationMs: durationMs(proxy.max_downstream_connection_duration, 0),
    tlvs,
    mergePolicy: isKnown ? policy : "ADD_IF_ABSENT",
    hostname,
  };
}

function installTcpProxy(
  config: TcpProxyConfig,
  run: RunContext,
  logAccess: AccessLogger | undefined,
): NetworkFilter {
  const counters = run.stats.counters(`tcp.${config.statPrefix}`, counterNames);
  return {
    kind: "terminal",
    serve(connection) {
      counters.downstream_cx_total += 1;
      const { info, socket } = connection;
      const chosen = config.choose(run.random());
      const upstreamCluster = chosen.name;
      const { hostname } = config;
      const note =
        logAccess &&
        new ConnectionNote(logAccess, run.clock, { connection: info, hostname, upstreamCluster });
      const upstream = run.upstreams.get(upstreamCluster);
      if (!upstream) {
        counters.downstream_cx_no_route += 1;
        note?.end();
        socket.destroy();
        return;
      }
      const downstream = proxyProtocolState(info, config);
      let attempts = 0;
      let attempt: ConnectAttempt | undefined;
      let isSettled = false;
      const onEarlyClose = () => {
        if (isSettled) return;
        attempt?.cancel();
        note?.end();
      };
      const hash = config.hashOf?.(info);
      const match = connectionSubset(info, chosen.metadataMatch);
      const tryToConnect = () => {
        attempts += 1;
        attempt = upstream.connect({
          info,
          hash,
          metadataMatch: match,
          downstream,
          lentBytes: true,
          isLastAttempt: attempts >= config.maxConnectAttempts,
          onConnected(up) {
            isSettled = true;
            note?.connected(up);
            const cancelDuration = limitDuration(connection, config, run, () => {
              counters.max_downstream_connection_duration += 1;
            });
            startRelay({
              downstream: socket,
              early: connection.early,
              bufferLimitBytes: connection.bufferLimitBytes,
              upstream: up,
              traffic: counters,
              idleTimeoutMs: config.idleTimeoutMs,
              clock: run.clock,
              onEnd(end, bytes) {
                note?.end(bytes);
                cancelDuration?.();
                if (end === "idle-timeout") counters.idle_timeout += 1;
              },
            });
          },
          onFailure(failure) {
            const mayRetry = failure === "connect-fail" || failure === "connect-timeout";
            if (mayRetry && attempts < config.maxConnectAttempts) return tryToConnect();
            isSettled = true;
            note?.end();
            socket.destroy();
          },
        });
      };
      socket.on("close", onEarlyClose);
      tryToConnect();
    },
  };
}

function limitDuration(
  { socket }: DownstreamConnection,
  { maxDurationMs }: TcpProxyConfig,
  { clock }: RunContext,
  onLimit: () => void,
): (() => void) | undefined {
  if (maxDurationMs === 0) return undefined;
  return clock.after(maxDurationMs, () => {
    onLimit();
    socket.destroy();
  });
}

/** What an upstream PROXY header is to tell: what was received, or the connection's own addresses (PP-61), with own TLVs merged in. */
function proxyProtocolState(info: ConnectionInfo, config: TcpProxyConfig): ProxyProtocolState {
  const received = info.proxyProtocol;
  const addresses = received ? received.addresses : ownAddresses(info);
  const state = { ...(addresses && { addresses }) };
  if (config.tlvs.length === 0) return { ...state, tlvs: received?.tlvs ?? [] };
  const own = tlvsOf(config.tlvs, { connection: info, hostname: config.hostname });
  return { ...state, tlvs: mergeTlvs(config.mergePolicy, received?.tlvs, own) };
}
