import type { Problem } from "../../src/base/problem.ts";
import type { TcpProxy } from "../../src/schema/api.ts";
import type { TlvMergePolicy } from "../proxy-protocol/select-tlvs.ts";
import type { ParseContext } from "../resources/extension.ts";
import { refuse, warn } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect, oneOf } from "../resources/support.ts";
import type { TlvSource } from "../resources/tlv-entry.ts";
import { parseTlvEntries, tlvEntrySupport } from "../resources/tlv-entry.ts";
import { durationMs, wrapped } from "../resources/values.ts";
import type { ConnectionHash } from "./hash-policy.ts";
import { connectionHash, hashPolicySupport } from "./hash-policy.ts";
import type { RouteChoice } from "./route-choice.ts";
import { routeChoice } from "./route-choice.ts";

/**
 * Fields of a TcpProxy. Not among them: `tunneling_config` (CONNECT to the upstream), `on_demand` (clusters that CDS does not list),
 * `check_drain_close`, and `upstream_connect_mode` other than IMMEDIATE.
 */
export const tcpProxySupport: SupportTable = {
  stat_prefix: true,
  cluster: true,
  weighted_clusters: { clusters: { name: true, weight: true, metadata_match: true } },
  metadata_match: true,
  hash_policy: hashPolicySupport,
  idle_timeout: true,
  // Envoy takes both and has never done anything with them.
  downstream_idle_timeout: noEffect,
  upstream_idle_timeout: noEffect,
  max_connect_attempts: true,
  backoff_options: { base_interval: true, max_interval: true },
  access_log: true,
  access_log_options: {
    access_log_flush_interval: true,
    flush_access_log_on_connected: true,
    flush_access_log_on_start: true,
  },
  access_log_flush_interval: true,
  flush_access_log_on_connected: true,
  max_downstream_connection_duration: true,
  max_downstream_connection_duration_jitter_percentage: { value: true },
  upstream_connect_mode: oneOf("IMMEDIATE"),
  // Of the other connect modes only.
  max_early_data_bytes: noEffect,
  proxy_protocol_tlvs: tlvEntrySupport,
  proxy_protocol_tlv_merge_policy: oneOf(
    "ADD_IF_ABSENT",
    "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD",
    "APPEND_IF_EXISTS_OR_ADD",
  ),
};

const ONE_HOUR_MS = 3_600_000;

export interface TcpProxyConfig {
  readonly statPrefix: string;
  readonly choose: RouteChoice;
  readonly hashOf: ConnectionHash | undefined;
  /** 1 h when unset, 0 for none (PP-112). */
  readonly idleTimeoutMs: number;
  readonly maxConnectAttempts: number;
  /** Between two tries; absent: at once. */
  readonly backOff: { readonly baseMs: number; readonly maxMs: number } | undefined;
  /** From the start of the connection on; 0: no limit. */
  readonly maxDurationMs: number;
  /** At most so much is added to it, at random. */
  readonly maxDurationJitterMs: number;
  readonly logs: {
    /** Before anything else. */
    readonly onStart: boolean;
    readonly onConnected: boolean;
    /** Again and again; 0: not. */
    readonly intervalMs: number;
  };
  readonly tlvs: readonly TlvSource[];
  readonly mergePolicy: TlvMergePolicy;
  readonly hostname: string;
}

/** What a TcpProxy says, its access logs aside. */
export function tcpProxyConfig(
  proxy: TcpProxy,
  { hostname }: Pick<ParseContext, "hostname">,
  path: string,
  problems: Problem[],
): TcpProxyConfig {
  const tlvs = parseTlvEntries(proxy.proxy_protocol_tlvs, `${path}.proxy_protocol_tlvs`);
  problems.push(...tlvs.problems);
  const policy = proxy.proxy_protocol_tlv_merge_policy;
  const isKnown = policy === "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD" || policy === "APPEND_IF_EXISTS_OR_ADD";
  const maxDurationMs = durationMs(proxy.max_downstream_connection_duration, 0);
  const jitterPercent = proxy.max_downstream_connection_duration_jitter_percentage?.value ?? 0;
  for (const field of ["downstream_idle_timeout", "upstream_idle_timeout"] as const) {
    if (proxy[field]) problems.push(warn(`${path}.${field}`, "Envoy does not use it; see idle_timeout"));
  }
  return {
    statPrefix: proxy.stat_prefix ?? "",
    choose: routeChoice(proxy),
    hashOf: connectionHash(proxy.hash_policy),
    idleTimeoutMs: durationMs(proxy.idle_timeout, ONE_HOUR_MS),
    maxConnectAttempts: wrapped(proxy.max_connect_attempts, 1, 1),
    backOff: backOff(proxy, path, problems),
    maxDurationMs,
    maxDurationJitterMs: Math.ceil((maxDurationMs * jitterPercent) / 100),
    logs: logOptions(proxy, path, problems),
    tlvs: tlvs.value ?? [],
    mergePolicy: isKnown ? policy : "ADD_IF_ABSENT",
    hostname,
  };
}

/** Envoy's default of `max_interval`, in base intervals. */
const DEFAULT_BACK_OFF_FACTOR = 10;

function backOff(
  { backoff_options: options }: TcpProxy,
  path: string,
  problems: Problem[],
): TcpProxyConfig["backOff"] {
  if (!options) return undefined;
  const baseMs = durationMs(options.base_interval, 0);
  const maxMs = durationMs(options.max_interval, baseMs * DEFAULT_BACK_OFF_FACTOR);
  if (maxMs < baseMs) {
    const reason = "max_backoff_interval must be greater or equal to base_backoff_interval";
    problems.push(refuse(`${path}.backoff_options`, reason));
  }
  return { baseMs, maxMs };
}

/** `access_log_options`, or the two fields that were there before it. */
function logOptions(proxy: TcpProxy, path: string, problems: Problem[]): TcpProxyConfig["logs"] {
  const { access_log_options: options } = proxy;
  const old = {
    flush_access_log_on_connected: proxy.flush_access_log_on_connected === true,
    access_log_flush_interval: Boolean(proxy.access_log_flush_interval),
  };
  for (const [field, isSet] of Object.entries(old)) {
    if (!options || !isSet) continue;
    problems.push(refuse(`${path}.${field}`, `Only one of ${field} or access_log_options can be specified.`));
  }
  const interval = options?.access_log_flush_interval ?? proxy.access_log_flush_interval;
  return {
    onStart: options?.flush_access_log_on_start ?? false,
    onConnected: options?.flush_access_log_on_connected ?? old.flush_access_log_on_connected,
    intervalMs: durationMs(interval, 0),
  };
}
