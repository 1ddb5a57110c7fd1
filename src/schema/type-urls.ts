/** What stands before the type name in every type URL of Envoy. */
export const TYPE_URL_PREFIX = "type.googleapis.com/";

export const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
export const CLUSTER_LOAD_ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
export const LB_ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.LbEndpoint";
export const LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener";
export const ROUTE_CONFIGURATION = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
export const SCOPED_ROUTE_CONFIGURATION =
  "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration";
export const VIRTUAL_HOST = "type.googleapis.com/envoy.config.route.v3.VirtualHost";
export const SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
export const RUNTIME = "type.googleapis.com/envoy.service.runtime.v3.Runtime";
export const TYPED_EXTENSION_CONFIG = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
export const BOOTSTRAP = "type.googleapis.com/envoy.config.bootstrap.v3.Bootstrap";

/**
 * The full type name in a type URL: all that follows the last slash, whatever the host (Any's own rule), or the
 * whole text when there is no slash.
 */
export function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}

/** `type.googleapis.com/` and the full type name. */
export function typeUrlOf(typeName: string): string {
  return TYPE_URL_PREFIX + typeName;
}
