import type { ClusterLoadAssignment } from "../../schema/api.ts";
import type { Effect } from "./effect.ts";
import { itemIdentity } from "./item-identity.ts";

/**
 * What becomes of connections to the endpoints of a cluster. Envoy drains the pools of hosts that are gone; all other hosts keep theirs,
 * whatever of their weight, health, metadata or place changed. With active health checks, a host that is gone stays until it fails one.
 */
export function endpointsEffect(before: ClusterLoadAssignment, after: ClusterLoadAssignment): Effect {
  const left = addressesOf(after);
  const gone = [...addressesOf(before)].filter((address) => !left.has(address));
  if (gone.length > 0) {
    return {
      kind: "endpoints-drained",
      reason:
        "endpoints that are gone get no new requests, and their connections close once idle; with active health checks they stay until one fails",
      fields: gone,
    };
  }
  return {
    kind: "in-place",
    reason: "the next requests are balanced over the new endpoints; connections stay",
    fields: [],
  };
}

function addressesOf({ endpoints = [] }: ClusterLoadAssignment): ReadonlySet<string> {
  return new Set(
    endpoints.flatMap(({ lb_endpoints: list = [] }) =>
      list.flatMap((endpoint) => itemIdentity("envoy.config.endpoint.v3.LbEndpoint", endpoint) ?? []),
    ),
  );
}
