/** Where a plane listens, and what stands behind it. */
export interface SoakPorts {
  readonly http: number;
  readonly faulty: number;
  readonly tcp: number;
  readonly extra: number;
  readonly plainUpstream: number;
  readonly faultyUpstream: number;
  readonly echoUpstream: number;
}

const type = (name: string) => `"@type": type.googleapis.com/envoy.extensions.${name}`;

/**
 * What a plane runs at second `tick`. Every second the cluster of the good requests has another name and the routes another header; every
 * third second a listener comes or goes; every fifth second the TCP listener's filter chain is another one.
 */
export function soakConfig(ports: SoakPorts, tick: number): string {
  const cluster = plainCluster(tick);
  return `listeners:
${httpListener("http", ports.http)}
${httpListener("faulty", ports.faulty)}
${hasExtra(tick) ? httpListener("extra", ports.extra) : ""}
- name: tcp
  address: {socket_address: {address: 127.0.0.1, port_value: ${ports.tcp}}}
  listener_filters:
  - name: proxy
    typed_config: {${type("filters.listener.proxy_protocol.v3.ProxyProtocol")}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config: {${type("filters.network.tcp_proxy.v3.TcpProxy")}, stat_prefix: tcp-${Math.trunc(tick / 5) % 2}, cluster: echo, idle_timeout: 5s}
clusters:
${staticCluster(cluster, ports.plainUpstream)}
${staticCluster("faulty", ports.faultyUpstream)}
${staticCluster("echo", ports.echoUpstream)}
  transport_socket:
    name: proxy
    typed_config:
      ${type("transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport")}
      config: {version: V2}
      transport_socket:
        name: raw
        typed_config: {${type("transport_sockets.raw_buffer.v3.RawBuffer")}}
`;
}

function plainCluster(tick: number): string {
  return `plain-${tick % 7}`;
}

function hasExtra(tick: number): boolean {
  return tick % 6 >= 3;
}

/** Its routes are a resource of their own: requests go on while they change. */
function httpListener(name: string, port: number): string {
  return `- name: ${name}
  address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
  filter_chains:
  - filters:
    - name: http
      typed_config:
        ${type("filters.network.http_connection_manager.v3.HttpConnectionManager")}
        stat_prefix: ${name}
        use_remote_address: true
        rds: {route_config_name: ${name}, config_source: {ads: {}, resource_api_version: V3}}
        http_filters:
        - name: router
          typed_config: {${type("filters.http.router.v3.Router")}}`;
}

/** The route configurations of the listeners. */
export function soakRoutes(tick: number): string {
  const cluster = plainCluster(tick);
  const routes = (name: string, to: string) => `- name: ${name}
  virtual_hosts:
  - name: all
    domains: ["*"]
    response_headers_to_add: [{header: {key: x-tick, value: "${tick}"}}]
    routes: [{match: {prefix: /}, route: {cluster: ${to}, timeout: 2s}}]`;
  return `routes:
${routes("http", cluster)}
${routes("faulty", "faulty")}
${hasExtra(tick) ? routes("extra", cluster) : ""}
`;
}

function staticCluster(name: string, port: number): string {
  return `- name: ${name}
  type: STATIC
  connect_timeout: 1s
  load_assignment:
    cluster_name: ${name}
    endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}]}]`;
}
