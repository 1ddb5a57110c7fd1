/**
 * The text of the TCP listener `front` on a port of loopback, to a cluster. On a port that is taken a data plane refuses it, and no check
 * of the text can know.
 */
export function frontListener(port: number, cluster: string): string {
  return `listeners:
- name: front
  address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: front
        cluster: ${cluster}
`;
}
