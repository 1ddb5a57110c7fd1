import type { Problem } from "../../src/base/problem.ts";
import type { Address as AddressMessage, FilterChain, Listener, MessageTypes } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import { typeUrlOf } from "../../src/schema/type-urls.ts";
import type { Address } from "../network/address.ts";
import type { Slot } from "./config-discovery.ts";
import { configDiscoverySupport, parseSlot } from "./config-discovery.ts";
import { configuredAddress, listenerAddressSupport } from "./address.ts";
import type {
  DownstreamTransportSocket,
  Installer,
  ListenerFilter,
  NetworkFilter,
  ParseContext,
} from "./extension.ts";
import { FilterChainIndex } from "./filter-chain-index.ts";
import type { FilterChainMatch } from "./filter-chain-match.ts";
import { matchesAll, parseFilterChainMatch } from "./filter-chain-match.ts";
import { asType } from "./message-type.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse, warn } from "./parsed.ts";
import type { SupportCheck, SupportTable } from "./support.ts";
import { noEffect, notSupported, oneOf, unsupportedFields } from "./support.ts";
import { unlessMatched } from "./listener-filter-match.ts";
import { parseTypedConfig } from "./typed-config.ts";
import { durationMs, wrapped } from "./values.ts";

/** A filter chain, ready to run. */
export interface FilterChainConfig {
  readonly name: string;
  /** Equal for chains that are configured alike: their connections outlive an update of the listener (XC-43). */
  readonly fingerprint: string;
  readonly match: FilterChainMatch;
  /** In order; the first terminal one does the work. Without any, connections are closed, as in Envoy. */
  readonly filters: readonly Installer<Slot<NetworkFilter>>[];
  /** Absent: bytes as they are. */
  readonly transportSocket?: Installer<DownstreamTransportSocket>;
  /** For the handshake of the transport socket; 0: no limit. */
  readonly transportSocketConnectTimeoutMs: number;
}

/** An address to listen on. */
export interface ListenAddress {
  readonly address: Address;
  /** An IPv6 wildcard takes IPv4 clients too. */
  readonly isDualStack: boolean;
  /** Permissions of a pipe's file; 0 leaves them to the umask. */
  readonly pipeMode: number;
}

/** A listener, ready to run. Immutable. */
export interface ListenerConfig {
  readonly name: string;
  /** Equal for listeners that differ in nothing but their filter chains. */
  readonly fingerprint: string;
  /** `address`, then `additional_addresses`. */
  readonly addresses: readonly ListenAddress[];
  /** False: bound nowhere, reached by `use_original_dst` of another listener only (PP-60). */
  readonly isBound: boolean;
  /** Stats are under `listener.<statName>.`: `stat_prefix`, or the address with `_` for `:`. */
  readonly statName: string;
  readonly listenerFilters: readonly Installer<Slot<ListenerFilter>>[];
  /** 15 s when unset, 0 for no limit (PP-51). */
  readonly listenerFiltersTimeoutMs: number;
  readonly continuesOnListenerFiltersTimeout: boolean;
  readonly usesOriginalDestination: boolean;
  readonly filterChains: readonly FilterChainConfig[];
  /** Finds the one of `filterChains` for a connection. */
  readonly chainIndex: FilterChainIndex;
  readonly defaultFilterChain?: FilterChainConfig;
  /** What may wait to be written to a client before reading from the upstream stops. 1 MiB when unset. */
  readonly bufferLimitBytes: number;
  /** False for `drain_type: MODIFY_ONLY`. */
  readonly drainsOnHealthCheckFailure: boolean;
  /** `traffic_direction: INBOUND`, which `/drain_listeners?inboundonly` asks for. */
  readonly isInbound: boolean;
  /** `tcp_keepalive`: after how long a silence clients are probed; absent for never. */
  readonly keepAliveMs?: number;
  /** 128 when unset, as in Envoy. */
  readonly backlog: number;
  /** `ignore_global_conn_limit`. */
  readonly ignoresGlobalLimit: boolean;
  /** Runtime `envoy.resource_limits.listener.<name>.connection_limit`; connections above it are closed at once. */
  readonly maxConnections: number;
}

const chainSupport: SupportTable = {
  name: true,
  filter_chain_match: true,
  filters: { name: true, typed_config: true, config_discovery: configDiscoverySupport },
  use_proxy_proto: true,
  transport_socket: true,
  transport_socket_connect_timeout: true,
  metadata: noEffect,
};

const support: SupportTable = {
  name: true,
  address: listenerAddressSupport,
  additional_addresses: { address: listenerAddressSupport },
  stat_prefix: true,
  filter_chains: chainSupport,
  default_filter_chain: chainSupport,
  listener_filters: {
    name: true,
    typed_config: true,
    config_discovery: configDiscoverySupport,
    filter_disabled: true,
  },
  listener_filters_timeout: true,
  continue_on_listener_filters_timeout: true,
  use_original_dst: true,
  bind_to_port: true,
  per_connection_buffer_limit_bytes: true,
  tcp_backlog_size: true,
  metadata: noEffect,
  // What it alters is which listeners `/drain_listeners?inboundonly` means.
  traffic_direction: true,
  drain_type: oneOf("DEFAULT", "MODIFY_ONLY"),
  // All workers accept on one socket, so there is nobody to share the port with.
  enable_reuse_port: noEffect,
  reuse_port: noEffect,
  // How many are accepted before something else is done: nothing that a client sees depends on it.
  max_connections_to_accept_per_socket_event: noEffect,
  ignore_global_conn_limit: true,
  tcp_keepalive: { keepalive_time: true },
  freebind: unlessFalse("IP_FREEBIND, which Node.js cannot set,"),
  transparent: unlessFalse("IP_TRANSPARENT, which Node.js cannot set,"),
  tcp_fast_open_queue_length: unlessFalse("TCP_FASTOPEN, which Node.js cannot set,"),
  enable_mptcp: unlessFalse("MPTCP, which Node.js cannot ask for,"),
  socket_options: socketOption,
};

/** Refuses a field that is switched on, with the reason. */
function unlessFalse(what: string): SupportCheck {
  return (value, path) => {
    const set = isRecord(value) ? value["value"] : value;
    return set === undefined || set === false || set === 0 ? [] : [notSupported(path, what)];
  };
}

/** Node.js has no way to set an option; some are as it has them anyway: SO_REUSEADDR and TCP_NODELAY on Linux. */
function socketOption(value: unknown, path: string): readonly Problem[] {
  const { level, name, int_value: set } = isRecord(value) ? value : {};
  const isSetAnyway =
    Number(set) === 1 &&
    ((Number(level) === 1 && Number(name) === 2) || (Number(level) === 6 && Number(name) === 1));
  return isSetAnyway
    ? []
    : [notSupported(path, `option ${String(name)} of level ${String(level)}, which Node.js cannot set,`)];
}

/** Linux's own default (net.ipv4.tcp_keepalive_time), which an unset `keepalive_time` leaves. */
const DEFAULT_KEEPALIVE_S = 7200;

const PROXY_PROTOCOL = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";

/** `envoy.config.listener.v3.Listener`, past the field rules of its top level. */
export function parseListener(message: Message, context: ParseContext, path: string): Parsed<ListenerConfig> {
  const listener = asType("envoy.config.listener.v3.Listener", message);
  const at = path === "" ? "" : `${path}.`;
  const name = listener.name ?? "";
  const problems: Problem[] = [...unsupportedFields(message, support, path)];
  const take = <Value>(result: Parsed<Value>): Value | undefined => {
    problems.push(...result.problems);
    return result.value;
  };
  const messages = [listener.address, ...(listener.additional_addresses ?? []).map((more) => more.address)];
  const addresses = messages.map((message, index) => {
    const path = index === 0 ? `${at}address` : `${at}additional_addresses[${index - 1}].address`;
    return take(parseAddress(message, path));
  });
  const filters = listenerFilterMessages(listener, at, problems).map((filter, index) => {
    const path = `${at}listener_filters[${index}]`;
    const adapt = (install: Installer<ListenerFilter>) => unlessMatched(filter.filter_disabled, install);
    return take(parseSlot("listenerFilters", filter, context, path, { adapt }));
  });
  const chains = (listener.filter_chains ?? []).map((chain, index) =>
    take(parseFilterChain(chain, context, `${at}filter_chains[${index}]`)),
  );
  const fallback = listener.default_filter_chain;
  const defaultChain = fallback && take(parseFilterChain(fallback, context, `${at}default_filter_chain`));
  if (chains.length === 0 && !fallback) {
    problems.push(
      refuse(path, `error adding listener '${addressText(listener)}': no filter chains specified`),
    );
  }
  problems.push(...duplicateMatches(listener, at));
  const filterChains = chains.filter(isPresent);
  const chainIndex = FilterChainIndex.of(filterChains.map((chain) => chain.match));
  const isRefused = () => problems.some(({ severity }) => severity === "error");
  if (!chainIndex && !isRefused()) {
    const story = "multiple filter chains with overlapping matching rules are defined";
    problems.push(refuse(`${at}filter_chains`, `error adding listener '${addressText(listener)}': ${story}`));
  }
  const usesOriginalDestination = wrapped(listener.use_original_dst, false, false);
  if (usesOriginalDestination) {
    const limit = "a destination that the kernel redirected (iptables REDIRECT) cannot be read here";
    problems.push(warn(`${at}use_original_dst`, `${limit}; one that a listener filter restored counts`));
  }
  if (!chainIndex || isRefused()) return { problems };
  const backlog = wrapped(listener.tcp_backlog_size, 0, 128);
  const limitKey = `envoy.resource_limits.listener.${name}.connection_limit`;
  return parsed(
    {
      name,
      fingerprint: JSON.stringify({ ...listener, filter_chains: [], default_filter_chain: {} }),
      addresses: addresses.filter(isPresent),
      isBound: wrapped(listener.bind_to_port, false, true),
      statName: (listener.stat_prefix || addressText(listener)).replaceAll(":", "_"),
      listenerFilters: filters.filter(isPresent),
      listenerFiltersTimeoutMs: durationMs(listener.listener_filters_timeout, 15_000),
      continuesOnListenerFiltersTimeout: listener.continue_on_listener_filters_timeout ?? false,
      usesOriginalDestination,
      filterChains,
      chainIndex,
      ...(defaultChain && { defaultFilterChain: defaultChain }),
      bufferLimitBytes: wrapped(listener.per_connection_buffer_limit_bytes, 0, 1024 * 1024),
      drainsOnHealthCheckFailure: listener.drain_type !== "MODIFY_ONLY",
      isInbound: listener.traffic_direction === "INBOUND",
      ...(listener.tcp_keepalive && {
        keepAliveMs: wrapped(listener.tcp_keepalive.keepalive_time, 0, DEFAULT_KEEPALIVE_S) * 1000,
      }),
      backlog,
      ignoresGlobalLimit: listener.ignore_global_conn_limit ?? false,
      get maxConnections() {
        return context.runtime.integer(limitKey, Number.POSITIVE_INFINITY);
      },
    },
    problems,
  );
}

function isPresent<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

function addressText(listener: Listener): string {
  const socket = listener.address?.socket_address;
  if (!socket) return listener.address?.pipe?.path ?? "";
  const host = socket.address ?? "";
  return `${host.includes(":") ? `[${host}]` : host}:${socket.port_value ?? 0}`;
}

function parseAddress(message: AddressMessage | null | undefined, path: string): Parsed<ListenAddress> {
  const address = configuredAddress(message);
  if (!address) return { problems: [refuse(path, "value is required", "rule-violation")] };
  if (address.family === "name") return { problems: [refuse(path, `malformed IP address: ${address.name}`)] };
  const pipeMode = message?.pipe?.mode ?? 0;
  const isDualStack = message?.socket_address?.ipv4_compat ?? false;
  return parsed(
    { address, isDualStack, pipeMode },
    address.family === "pipe" ? pipeProblems(address.path, path) : [],
  );
}

/** What `sockaddr_un` of Linux holds, its last zero byte included. */
const MAX_PIPE_PATH_BYTES = 108;

function pipeProblems(pipe: string, path: string): readonly Problem[] {
  if (Buffer.byteLength(pipe) < MAX_PIPE_PATH_BYTES) return [];
  return [refuse(`${path}.pipe.path`, `Path "${pipe}" exceeds maximum UNIX domain socket path size`)];
}

/**
 * The configured listener filters, and after them what the deprecated `use_proxy_proto` stands for (PP-11). Envoy 1.40
 * looks at the first chain alone, or at the default chain of a listener that has no other.
 */
function listenerFilterMessages(
  listener: Listener,
  at: string,
  problems: Problem[],
): MessageTypes["envoy.config.listener.v3.ListenerFilter"][] {
  const filters = listener.listener_filters ?? [];
  const chains = (listener.filter_chains ?? []).map(
    (chain, index) => [`filter_chains[${index}]`, chain] as const,
  );
  const fallback = listener.default_filter_chain;
  const all = [...chains, ...(fallback ? [["default_filter_chain", fallback] as const] : [])];
  const instead = "name envoy.filters.listener.proxy_protocol in listener_filters instead";
  let isUsed = false;
  for (const [index, [path, chain]] of all.entries()) {
    if (!wrapped(chain.use_proxy_proto, false, false)) continue;
    isUsed ||= index === 0;
    const problem =
      index === 0
        ? warn(`${at}${path}.use_proxy_proto`, `deprecated; ${instead}`, "deprecated-field")
        : warn(`${at}${path}.use_proxy_proto`, `only that of the first filter chain counts; ${instead}`);
    problems.push(problem);
  }
  if (!isUsed) return filters;
  const name = "envoy.filters.listener.proxy_protocol";
  return [
    ...filters,
    { name, typed_config: { type_url: typeUrlOf(PROXY_PROTOCOL), value: Buffer.alloc(0) } },
  ];
}

function parseFilterChain(
  chain: FilterChain,
  context: ParseContext,
  path: string,
): Parsed<FilterChainConfig> {
  const match = parseFilterChainMatch(chain.filter_chain_match, `${path}.filter_chain_match`);
  const filters = (chain.filters ?? []).map((filter, index) =>
    parseSlot("networkFilters", filter, context, `${path}.filters[${index}]`),
  );
  const socket = chain.transport_socket;
  const transport =
    socket && parseTypedConfig("downstreamTransportSockets", socket, context, `${path}.transport_socket`);
  const problems = [match, ...filters, ...(transport ? [transport] : [])].flatMap(
    (result) => result.problems,
  );
  return parsed(
    {
      name: chain.name ?? "",
      fingerprint: JSON.stringify(chain),
      match: match.value ?? matchesAll,
      filters: filters.flatMap((filter) => (filter.value ? [filter.value] : [])),
      ...(transport?.value && { transportSocket: transport.value }),
      transportSocketConnectTimeoutMs: durationMs(chain.transport_socket_connect_timeout, 0),
    },
    problems,
  );
}

/** Two chains that every connection could choose alike; Envoy refuses the second. */
function duplicateMatches(listener: Listener, at: string): Problem[] {
  const seen = new Map<string, string>();
  return (listener.filter_chains ?? []).flatMap((chain, index) => {
    const match = matchJson(chain.filter_chain_match ?? {});
    const other = seen.get(match);
    const name = chain.name ?? "";
    if (other === undefined) {
      seen.set(match, name);
      return [];
    }
    const subject = `error adding listener '${addressText(listener)}'`;
    const story = `filter chain '${name}' has the same matching rules defined as '${other}'`;
    const text = `${subject}: ${story}. duplicate matcher is: ${match}`;
    return [refuse(`${at}filter_chains[${index}].filter_chain_match`, text)];
  });
}

/** A match as proto JSON has it: the value of a wrapper stands for itself. */
function matchJson(match: object): string {
  return JSON.stringify(match, (_key, value: unknown) =>
    isRecord(value) && Object.keys(value).join() === "value" ? value.value : value,
  );
}
