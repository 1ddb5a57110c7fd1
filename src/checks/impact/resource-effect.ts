import type { Message } from "../../schema/message.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LB_ENDPOINT,
  LISTENER,
  ROUTE_CONFIGURATION,
  RUNTIME,
  SCOPED_ROUTE_CONFIGURATION,
  SECRET,
  TYPED_EXTENSION_CONFIG,
  VIRTUAL_HOST,
} from "../../schema/type-urls.ts";
import type { Effect } from "./effect.ts";
import { endpointsEffect } from "./endpoints-effect.ts";
import { listenerEffect } from "./listener-effect.ts";

/**
 * What a change of one resource does to traffic, by Envoy's rules. One of the two is undefined for a resource that comes or goes.
 * `changed` are the top-level fields that differ.
 */
export function resourceEffect(
  typeUrl: string,
  before: Message | undefined,
  after: Message | undefined,
  changed: readonly string[],
): Effect {
  if (!before) return { kind: "none", reason: addedReasons[typeUrl] ?? "it is new", fields: [] };
  if (!after) return removal(typeUrl);
  if (typeUrl === LISTENER) return listenerEffect(before, after);
  if (typeUrl === CLUSTER) return { ...clusterUpdate, fields: changed };
  if (typeUrl === CLUSTER_LOAD_ASSIGNMENT) return endpointsEffect(before, after);
  return { ...(updates[typeUrl] ?? unknownUpdate), fields: [] };
}

/** Any other hash of a cluster is another cluster (Envoy: ClusterManagerImpl::addOrUpdateCluster). */
const clusterUpdate = {
  kind: "cluster-re-warmed",
  reason:
    "a changed cluster is built anew and warmed; connections of the old one finish their requests and close",
} as const;

const unknownUpdate = {
  kind: "in-place",
  reason: "what it does is up to the client that asks for this type",
} as const;

const updates: Readonly<Record<string, Omit<Effect, "fields">>> = {
  [ROUTE_CONFIGURATION]: {
    kind: "in-place",
    reason: "the next request takes the new routes, on connections that stand too",
  },
  [SCOPED_ROUTE_CONFIGURATION]: {
    kind: "in-place",
    reason: "the next request takes the new scope, on connections that stand too",
  },
  [VIRTUAL_HOST]: {
    kind: "in-place",
    reason: "the next request takes the new virtual host, on connections that stand too",
  },
  [LB_ENDPOINT]: { kind: "in-place", reason: "the next requests are balanced over the new endpoints" },
  [RUNTIME]: { kind: "in-place", reason: "what asks for the runtime value next gets the new one" },
  [SECRET]: {
    kind: "new-connections",
    reason: "new TLS handshakes use it; connections that stand keep what they began with",
  },
  [TYPED_EXTENSION_CONFIG]: {
    kind: "in-place",
    reason:
      "an HTTP filter takes it with the next request, other filters with the next connection; connections stay",
  },
};

const addedReasons: Readonly<Record<string, string>> = {
  [LISTENER]: "a new listener disturbs no other",
  [CLUSTER]: "a new cluster is warmed before it is used",
};

/** Types of which Envoy drops what is gone, each with what it has then. */
const removals: Readonly<Record<string, Omit<Effect, "fields">>> = {
  [SCOPED_ROUTE_CONFIGURATION]: {
    kind: "routes-removed",
    reason: "requests of the scope that is gone find no routes: 404; connections stay",
  },
  [VIRTUAL_HOST]: {
    kind: "routes-removed",
    reason: "requests for its domains find no routes: 404; connections stay",
  },
  [RUNTIME]: {
    kind: "in-place",
    reason: "over delta xDS its values are gone at once; over state of the world Envoy keeps them",
  },
};

const keptRemoval = { kind: "none", reason: "a client that still asks for it keeps what it has" } as const;

function removal(typeUrl: string): Effect {
  if (typeUrl === LISTENER) {
    return {
      kind: "listener-removed",
      reason: "it accepts no more connections, and those it has drain",
      fields: [],
    };
  }
  if (typeUrl === CLUSTER) {
    return {
      kind: "cluster-removed",
      reason: "requests that are still sent there fail with 503; connections finish their requests and close",
      fields: [],
    };
  }
  return { ...(removals[typeUrl] ?? keptRemoval), fields: [] };
}
