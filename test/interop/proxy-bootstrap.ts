import type { JsonObject } from "../kit/json.ts";

const types = "type.googleapis.com/";

/**
 * A listener `in` that reads a header of either version, and a cluster at 127.0.0.1:`port` that is sent one by `config`, an
 * `envoy.config.core.v3.ProxyProtocolConfig`. Received TLVs are kept, unless `reader` is another configuration of the
 * filter, and `disabled` says for whom it is not. `chains` are what the filter chains have besides their filter.
 */
export function relayBootstrap(
  port: number,
  config: JsonObject,
  {
    reader = { pass_through_tlvs: { match_type: "INCLUDE_ALL" } },
    chains = [{}],
    disabled,
  }: {
    readonly reader?: JsonObject;
    readonly chains?: readonly JsonObject[];
    readonly disabled?: JsonObject;
  } = {},
): JsonObject {
  const filter = {
    name: "envoy.filters.listener.proxy_protocol",
    typed_config: {
      "@type": `${types}envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol`,
      ...reader,
    },
  };
  const tcpProxy = {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": `${types}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: "relay",
      cluster: "out",
    },
  };
  const rawBuffer = {
    name: "envoy.transport_sockets.raw_buffer",
    typed_config: { "@type": `${types}envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer` },
  };
  const transportSocket = {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typed_config: {
      "@type": `${types}envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`,
      config,
      transport_socket: rawBuffer,
    },
  };
  return {
    static_resources: {
      listeners: [
        {
          name: "in",
          address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
          listener_filters: [{ ...filter, ...(disabled && { filter_disabled: disabled }) }],
          filter_chains: chains.map((chain) => ({ ...chain, filters: [tcpProxy] })),
        },
      ],
      clusters: [
        {
          name: "out",
          type: "STATIC",
          connect_timeout: "2s",
          load_assignment: {
            cluster_name: "out",
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } },
                ],
              },
            ],
          },
          transport_socket: transportSocket,
        },
      ],
    },
  };
}
