import type { FilterChain, Listener } from "../../schema/api.ts";
import type { Schema } from "../../schema/schema.ts";
import { walk } from "../../config/walk.ts";
import { items, type Located, unpack } from "../located.ts";
import { chainsOf } from "../traffic.ts";
import type { Decoded } from "../group-view.ts";

const rbacType = "envoy.extensions.filters.network.rbac.v3.RBAC";

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
    const rbac = unpack(schema, { value: filter.value.typed_config ?? {}, path: "" }, rbacType);
    return rbac !== undefined && namesDirectAddress(schema, rbac.value);
  });
}

function namesDirectAddress(schema: Schema, rbac: object): boolean {
  let isFound = false;
  walk(schema, rbacType, rbac, "", (typeName, message) => {
    isFound ||= typeName === "envoy.config.rbac.v3.Principal" && message["direct_remote_ip"] !== undefined;
    isFound ||= typeName.endsWith(".network_inputs.v3.DirectSourceIPInput");
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
