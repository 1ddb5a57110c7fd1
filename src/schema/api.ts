import type { MessageTypes } from "./generated/message-types.ts";
import type { Message } from "./message.ts";

/** Every message of the bundle by its full name, as it is in memory (see `Message`). */
export type { MessageTypes } from "./generated/message-types.ts";

/** The type of a message by its full name; a name that only a user's own descriptors have is any `Message`. */
export type MessageOf<Name extends string> = Name extends keyof MessageTypes ? MessageTypes[Name] : Message;

export type Bootstrap = MessageTypes["envoy.config.bootstrap.v3.Bootstrap"];
export type StaticResources = MessageTypes["envoy.config.bootstrap.v3.Bootstrap.StaticResources"];
export type DynamicResources = MessageTypes["envoy.config.bootstrap.v3.Bootstrap.DynamicResources"];
export type Admin = MessageTypes["envoy.config.bootstrap.v3.Admin"];

export type Cluster = MessageTypes["envoy.config.cluster.v3.Cluster"];
export type ClusterLoadAssignment = MessageTypes["envoy.config.endpoint.v3.ClusterLoadAssignment"];
export type LocalityLbEndpoints = MessageTypes["envoy.config.endpoint.v3.LocalityLbEndpoints"];
export type LbEndpoint = MessageTypes["envoy.config.endpoint.v3.LbEndpoint"];
export type Endpoint = MessageTypes["envoy.config.endpoint.v3.Endpoint"];

export type Listener = MessageTypes["envoy.config.listener.v3.Listener"];
export type ListenerFilter = MessageTypes["envoy.config.listener.v3.ListenerFilter"];
export type Filter = MessageTypes["envoy.config.listener.v3.Filter"];
export type FilterChain = MessageTypes["envoy.config.listener.v3.FilterChain"];
export type FilterChainMatch = MessageTypes["envoy.config.listener.v3.FilterChainMatch"];

export type RouteConfiguration = MessageTypes["envoy.config.route.v3.RouteConfiguration"];
export type ScopedRouteConfiguration = MessageTypes["envoy.config.route.v3.ScopedRouteConfiguration"];
export type VirtualHost = MessageTypes["envoy.config.route.v3.VirtualHost"];
export type Route = MessageTypes["envoy.config.route.v3.Route"];
export type RouteAction = MessageTypes["envoy.config.route.v3.RouteAction"];

export type Secret = MessageTypes["envoy.extensions.transport_sockets.tls.v3.Secret"];
export type UpstreamTlsContext = MessageTypes["envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"];
export type DownstreamTlsContext =
  MessageTypes["envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"];
export type CommonTlsContext = MessageTypes["envoy.extensions.transport_sockets.tls.v3.CommonTlsContext"];
export type RawBuffer = MessageTypes["envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"];
export type ProxyProtocolUpstreamTransport =
  MessageTypes["envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"];

export type ProxyProtocol = MessageTypes["envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"];
export type OriginalSrc = MessageTypes["envoy.extensions.filters.listener.original_src.v3.OriginalSrc"];
export type TlsInspector = MessageTypes["envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"];
export type TcpProxy = MessageTypes["envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"];
export type HttpConnectionManager =
  MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"];

export type TlvEntry = MessageTypes["envoy.config.core.v3.TlvEntry"];
export type Node = MessageTypes["envoy.config.core.v3.Node"];
export type Locality = MessageTypes["envoy.config.core.v3.Locality"];
export type Metadata = MessageTypes["envoy.config.core.v3.Metadata"];
export type Address = MessageTypes["envoy.config.core.v3.Address"];
export type SocketAddress = MessageTypes["envoy.config.core.v3.SocketAddress"];
export type CidrRange = MessageTypes["envoy.config.core.v3.CidrRange"];
export type ConfigSource = MessageTypes["envoy.config.core.v3.ConfigSource"];
export type ApiConfigSource = MessageTypes["envoy.config.core.v3.ApiConfigSource"];
export type GrpcService = MessageTypes["envoy.config.core.v3.GrpcService"];
export type DataSource = MessageTypes["envoy.config.core.v3.DataSource"];
export type TransportSocket = MessageTypes["envoy.config.core.v3.TransportSocket"];
export type TypedExtensionConfig = MessageTypes["envoy.config.core.v3.TypedExtensionConfig"];
export type ProxyProtocolConfig = MessageTypes["envoy.config.core.v3.ProxyProtocolConfig"];
export type ProxyProtocolPassThroughTLVs = MessageTypes["envoy.config.core.v3.ProxyProtocolPassThroughTLVs"];

export type DiscoveryRequest = MessageTypes["envoy.service.discovery.v3.DiscoveryRequest"];
export type DiscoveryResponse = MessageTypes["envoy.service.discovery.v3.DiscoveryResponse"];
export type DeltaDiscoveryRequest = MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryRequest"];
export type DeltaDiscoveryResponse = MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryResponse"];
export type DiscoveryResource = MessageTypes["envoy.service.discovery.v3.Resource"];
export type ResourceName = MessageTypes["envoy.service.discovery.v3.ResourceName"];
export type Runtime = MessageTypes["envoy.service.runtime.v3.Runtime"];
export type ClientStatusRequest = MessageTypes["envoy.service.status.v3.ClientStatusRequest"];
export type ClientStatusResponse = MessageTypes["envoy.service.status.v3.ClientStatusResponse"];
export type LoadStatsRequest = MessageTypes["envoy.service.load_stats.v3.LoadStatsRequest"];
export type LoadStatsResponse = MessageTypes["envoy.service.load_stats.v3.LoadStatsResponse"];

export type Any = MessageTypes["google.protobuf.Any"];
export type Duration = MessageTypes["google.protobuf.Duration"];
export type Struct = MessageTypes["google.protobuf.Struct"];
export type Value = MessageTypes["google.protobuf.Value"];
export type Status = MessageTypes["google.rpc.Status"];
