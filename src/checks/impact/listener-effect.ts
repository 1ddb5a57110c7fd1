import type { Listener } from "../../schema/api.ts";
import type { Effect } from "./effect.ts";
import { isEqual } from "./field-changes.ts";
import { isRecord } from "../../schema/record.ts";

/** What Envoy leaves out when it asks whether only filter chains differ. */
const chainFields = new Set(["filter_chains", "default_filter_chain", "filter_chain_matcher"]);

/** A change of one of these asks for another socket on the same address. */
const socketFields = new Set(["transparent", "freebind", "tcp_fast_open_queue_length", "socket_options"]);

/**
 * What becomes of a listener and its connections when it turns into another one (Envoy: ListenerManagerImpl, in-place update of filter
 * chains). The drain takes as long as `--drain-time-s` says, 600 s by default.
 */
export function listenerEffect(before: Listener, after: Listener): Effect {
  const fields = otherFields(before, after);
  if (reusesPort(before) !== reusesPort(after)) {
    return {
      kind: "refused",
      reason: "Envoy does not take another reuse_port in an update; give the listener another name",
      fields: ["enable_reuse_port"],
    };
  }
  const proxyProto = usesProxyProto(before) !== usesProxyProto(after);
  const isChainsOnly = fields.length === 0 && !proxyProto && (after.filter_chains ?? []).length > 0;
  if (isChainsOnly) return chainsEffect(before, after);
  if (fields.includes("address") || fields.includes("additional_addresses")) {
    return {
      kind: "re-bound",
      reason: "another address is another socket: the old one closes, and its connections drain",
      fields,
    };
  }
  const socket = fields.filter((field) => socketFields.has(field));
  if (socket.length > 0) {
    return {
      kind: "re-bound",
      reason:
        "other socket options need another socket on the same address; connections of the old one drain",
      fields: socket,
    };
  }
  return {
    kind: "listener-drained",
    reason:
      "more than filter chains changed: a new listener takes over the socket, and connections of the old one drain",
    fields: proxyProto ? [...fields, "filter_chains[0].use_proxy_proto"] : fields,
  };
}

/** Which chains of the old listener are not in the new one as they were: connections stay with a chain that is. */
function chainsEffect(before: Listener, after: Listener): Effect {
  const kept = after.filter_chains ?? [];
  const drained = (before.filter_chains ?? []).flatMap((chain, index) =>
    kept.some((other) => isEqual(chain, other))
      ? []
      : [`filter_chains[${chain.name ? JSON.stringify(chain.name) : index}]`],
  );
  const byDefault = before.default_filter_chain;
  if (byDefault && !isEqual(byDefault, after.default_filter_chain)) drained.push("default_filter_chain");
  if (drained.length > 0) {
    return {
      kind: "filter-chain-drained",
      reason:
        "only filter chains changed: connections on those that are gone or other drain, all others stay",
      fields: drained,
    };
  }
  return {
    kind: "in-place",
    reason: "no filter chain that has connections changed: only new connections are treated otherwise",
    fields: [...chainFields].filter((name) => !isEqual(fieldOf(before, name), fieldOf(after, name))),
  };
}

/** Fields besides filter chains that differ in Envoy's eyes: the order in lists is none of its concern here. */
function otherFields(before: Listener, after: Listener): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => !chainFields.has(name))
    .filter((name) => {
      const from = fieldOf(before, name);
      const to = fieldOf(after, name);
      if (Array.isArray(from) && Array.isArray(to)) return !isSameSet(from, to);
      return !isEqual(from, to) && !(isDefault(from) && isDefault(to));
    });
}

/** A message that has nothing but defaults is for Envoy as good as none: `freebind: false`. */
function isDefault(value: unknown): boolean {
  return value === undefined || (isRecord(value) && Object.keys(value).length === 0);
}

function isSameSet(one: readonly unknown[], other: readonly unknown[]): boolean {
  return (
    one.length === other.length &&
    one.every((item) => other.some((each) => isEqual(item, each))) &&
    other.every((item) => one.some((each) => isEqual(item, each)))
  );
}

function usesProxyProto({ filter_chains: [first] = [] }: Listener): boolean {
  const flag: unknown = first?.use_proxy_proto;
  return isRecord(flag) && flag["value"] === true;
}

/** On by default on Linux, whatever the older field says, which can only turn it on (Envoy: ListenerImpl::getReusePortOrDefault). */
function reusesPort({ enable_reuse_port: flag }: Listener): boolean {
  return flag ? flag.value === true : true;
}

function fieldOf(message: object, name: string): unknown {
  return Reflect.get(message, name);
}
