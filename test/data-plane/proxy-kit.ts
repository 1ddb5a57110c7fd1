import type { Message } from "../../src/schema/message.ts";
import type { Schema } from "../../src/schema/schema.ts";
import type { SessionMode } from "../../data-plane/xds-client/session.ts";
import type { JsonObject } from "../kit/json.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { until } from "../kit/within.ts";

const http2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** A bootstrap that takes CDS and LDS from ADS of the server. `timeout` is `initial_fetch_timeout`. */
export function adsBootstrap(
  server: { readonly port: number },
  mode: SessionMode,
  more: { readonly timeout?: string; readonly staticResources?: JsonObject } = {},
): JsonObject {
  const source = { ads: {}, initial_fetch_timeout: more.timeout ?? "15s" };
  const { clusters = [], ...others } = more.staticResources ?? {};
  return {
    node: { id: "n1", cluster: "edge" },
    dynamic_resources: {
      ads_config: {
        api_type: mode === "sotw" ? "GRPC" : "DELTA_GRPC",
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: "xds",
              retry_policy: { retry_back_off: { base_interval: "0.05s", max_interval: "0.1s" } },
            },
          },
        ],
      },
      cds_config: source,
      lds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: "xds",
          connect_timeout: "1s",
          typed_extension_protocol_options: http2,
          load_assignment: {
            cluster_name: "xds",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: addressJson(server.port) } }] }],
          },
        },
        ...(Array.isArray(clusters) ? clusters : []),
      ],
      ...others,
    },
  };
}

export function addressJson(port: number): JsonObject {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

const address = (port: number): Message => ({
  socket_address: { address: "127.0.0.1", ...(port === 0 ? { port_value: 0 } : { port_value: port }) },
});

export function assignment(name: string, ...ports: readonly number[]): Message {
  const endpoints = ports.map((port) => ({ endpoint: { address: address(port) } }));
  return { cluster_name: name, ...(ports.length > 0 ? { endpoints: [{ lb_endpoints: endpoints }] } : {}) };
}

/** A cluster with one static endpoint. */
export function staticCluster(name: string, port: number): Message {
  return { name, connect_timeout: { seconds: "1" }, load_assignment: assignment(name, port) };
}

/** A cluster whose endpoints come over ADS. */
export function edsCluster(name: string, more: Message = {}): Message {
  return {
    name,
    type: "EDS",
    connect_timeout: { seconds: "1" },
    eds_cluster_config: { eds_config: { ads: {} } },
    ...more,
  };
}

/** A listener on a port that relays to a cluster. */
export function tcpListener(
  schema: Schema,
  name: string,
  port: number,
  cluster: string,
  more: Message = {},
): Message {
  const typeName = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const value = schema.encode(typeName, { stat_prefix: "t", cluster });
  const filter = {
    name: "tcp",
    typed_config: { type_url: `type.googleapis.com/${typeName}`, value },
  };
  return { name, address: address(port), filter_chains: [{ filters: [filter] }], ...more };
}

/** Resolves when `/ready` says LIVE. */
export async function live({ admin, child }: ProxyProcess): Promise<void> {
  const what = () => `the proxy is LIVE\n${child.output()}`;
  await until(20_000, what, async () => (await admin.isReady()) || undefined);
}

/** Resolves when a statistic has the value. */
export async function stat({ admin }: ProxyProcess, name: string, value: number): Promise<void> {
  let found: number | undefined;
  const isThere = async () => {
    found = (await admin.stats()).get(name);
    return found === value || undefined;
  };
  await until(20_000, () => `${name} is ${value}, found ${found}`, isThere);
}
