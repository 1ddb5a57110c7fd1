import type { FilterChain, Listener, MessageTypes } from "../../schema/api.ts";
import type { Schema } from "../../schema/schema.ts";
import { walk } from "../../config/walk.ts";
import { items, type Located, unpack } from "../located.ts";
import { chainsOf } from "../traffic.ts";
import type { Decoded } from "../group-view.ts";

const rbacType = "envoy.extensions.filters.network.rbac.v3.RBAC";
const httpRbacType = "envoy.extensions.filters.http.rbac.v3.RBAC";
const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/**
 * True when every filter chain looks at who is really connected, whatever the header says: by
 * `direct_source_prefix_ranges`, or by an RBAC filter with `direct_remote_ip` (PP-57).
 */
export function isSenderRestricted(schema: Schema, listener: Decoded<Listener>): boolean {
  const chains = chainsOf(listener);
  return chains.length > 0 && chains.every((chain) => isChainRestricted(schema, chain));
}

function isChainRestricted(schema: Schema, chain: Located<FilterChain>): boolean {
  if (chain.value.filter_chain_match?.direct_source_prefix_ranges?.length) return true;
  return items(chain, "filters").some((filter) => {
    const config = { value: filter.value.typed_config ?? {}, path: "" };
    const rbac = unpack(schema, config, rbacType);
    if (rbac) return namesDirectAddress(schema, rbacType, rbac.value);
    const manager = unpack(schema, config, managerType);
    return manager !== undefined && isManagerRestricted(schema, manager);
  });
}

/** Requests are refused one by one where an RBAC filter of HTTP asks who is connected. */
function isManagerRestricted(schema: Schema, manager: Located<MessageTypes[typeof managerType]>): boolean {
  return items(manager, "http_filters").some((filter) => {
    const rbac = unpack(schema, { value: filter.value.typed_config ?? {}, path: "" }, httpRbacType);
    return rbac !== undefined && namesDirectAddress(schema, httpRbacType, rbac.value);
  });
}

/** Rules in the shadow restrict nobody. */
function namesDirectAddress(
  schema: Schema,
  typeName: typeof rbacType | typeof httpRbacType,
  { rules, matcher }: MessageTypes[typeof rbacType] | MessageTypes[typeof httpRbacType],
): boolean {
  let isFound = false;
  const enforced = { ...(rules && { rules }), ...(matcher && { matcher }) };
  walk(schema, typeName, enforced, "", (visited, message) => {
    isFound ||= visited === "envoy.config.rbac.v3.Principal" && message["direct_remote_ip"] !== undefined;
    isFound ||= visited.endsWith(".network_inputs.v3.DirectSourceIPInput");
    return !isFound;
  });
  return isFound;
}

/** True when others than this machine can connect: bound to no loopback address and no Unix-domain socket. */
export function isReachable(listener: Located<Listener>): boolean {
  const { address } = listener.value;
  if (!address || address.pipe || address.envoy_internal_address) return false;
  return !/^(127\.|::1$|localhost$)/.test(address.socket_address?.address ?? "");
}
