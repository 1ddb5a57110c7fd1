import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
  SCOPED_ROUTE_CONFIGURATION,
  RUNTIME,
  SECRET,
  TYPED_EXTENSION_CONFIG,
} from "../../src/schema/type-urls.ts";
import type { MethodPath } from "./grpc-transport.ts";
import type { SessionMode } from "./session.ts";

/** The discovery service of one type: its package and name, and what its methods end with. */
const services: Readonly<Record<string, readonly [service: string, noun: string]>> = {
  [CLUSTER]: ["envoy.service.cluster.v3.ClusterDiscoveryService", "Clusters"],
  [CLUSTER_LOAD_ASSIGNMENT]: ["envoy.service.endpoint.v3.EndpointDiscoveryService", "Endpoints"],
  [LISTENER]: ["envoy.service.listener.v3.ListenerDiscoveryService", "Listeners"],
  [ROUTE_CONFIGURATION]: ["envoy.service.route.v3.RouteDiscoveryService", "Routes"],
  [SCOPED_ROUTE_CONFIGURATION]: ["envoy.service.route.v3.ScopedRoutesDiscoveryService", "ScopedRoutes"],
  [RUNTIME]: ["envoy.service.runtime.v3.RuntimeDiscoveryService", "Runtime"],
  [TYPED_EXTENSION_CONFIG]: [
    "envoy.service.extension.v3.ExtensionConfigDiscoveryService",
    "ExtensionConfigs",
  ],
  [SECRET]: ["envoy.service.secret.v3.SecretDiscoveryService", "Secrets"],
};

const verbs = { sotw: "Stream", delta: "Delta" } as const;

/** The aggregated method of a mode. */
export function aggregatedMethod(mode: SessionMode): MethodPath {
  return `/envoy.service.discovery.v3.AggregatedDiscoveryService/${verbs[mode]}AggregatedResources`;
}

/** The type's own method of a mode, or undefined for a type that has no service here. */
export function methodOf(typeUrl: string, mode: SessionMode): MethodPath | undefined {
  const service = services[typeUrl];
  return service && `/${service[0]}/${verbs[mode]}${service[1]}`;
}
