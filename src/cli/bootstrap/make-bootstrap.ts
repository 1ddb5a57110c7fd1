import { isIP } from "node:net";
import type { JsonValue } from "../../schema/json-value.ts";
import type { ListenAddress } from "../../server/listen-address.ts";

type JsonObject = { readonly [key: string]: JsonValue };

export interface BootstrapPlan {
  readonly nodeId: string;
  readonly nodeCluster: string;
  /** Where the control plane serves xDS. */
  readonly xds: ListenAddress;
  readonly mode: "delta" | "sotw";
  /** Files as the node will see them; absent: plain text. */
  readonly tls?: {
    readonly ca: string;
    /** What the node shows of itself. */
    readonly own?: { readonly cert: string; readonly key: string };
    /** The name that the server's certificate must have. */
    readonly serverName: string;
  };
  /** A bearer token. */
  readonly token?: string;
  /** Where the node's own admin interface listens. */
  readonly admin?: ListenAddress;
}

/** The name of the cluster of the control plane, in every bootstrap. */
const clusterName = "chancery";
const optionsType = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const tlsType = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

/**
 * What an Envoy, or the bundled data plane, is started with to get everything else over one aggregated xDS stream. Pings
 * find out within 40 s that a control plane is gone without a word.
 */
export function makeBootstrap(plan: BootstrapPlan): JsonObject {
  const { nodeId, nodeCluster, mode, token, admin } = plan;
  const ads = { ads: {}, resource_api_version: "V3" };
  const metadata = token === undefined ? [] : [{ key: "authorization", value: `Bearer ${token}` }];
  return {
    node: { id: nodeId, cluster: nodeCluster },
    ...(admin && { admin: { address: socketAddress(admin) } }),
    dynamic_resources: {
      ads_config: {
        api_type: mode === "delta" ? "DELTA_GRPC" : "GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: { cluster_name: clusterName },
            ...(metadata.length > 0 && { initial_metadata: metadata }),
          },
        ],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: { clusters: [controlPlane(plan)] },
  };
}

function controlPlane({ xds, tls }: BootstrapPlan): JsonObject {
  const endpoint = { endpoint: { address: socketAddress(xds) } };
  return {
    name: clusterName,
    type: isIP(xds.host) === 0 ? "STRICT_DNS" : "STATIC",
    connect_timeout: "5s",
    typed_extension_protocol_options: {
      [optionsType]: {
        "@type": `type.googleapis.com/${optionsType}`,
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: "30s", timeout: "10s" } },
        },
      },
    },
    load_assignment: { cluster_name: clusterName, endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(tls && { transport_socket: tlsSocket(tls) }),
  };
}

function tlsSocket({ ca, own, serverName }: NonNullable<BootstrapPlan["tls"]>): JsonObject {
  const isAddress = isIP(serverName) !== 0;
  const matcher = { san_type: isAddress ? "IP_ADDRESS" : "DNS", matcher: { exact: serverName } };
  const certificate = own && {
    certificate_chain: { filename: own.cert },
    private_key: { filename: own.key },
  };
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": `type.googleapis.com/${tlsType}`,
      // RFC 6066 §3: an address is no server name.
      ...(isAddress ? {} : { sni: serverName }),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_2" },
        alpn_protocols: ["h2"],
        ...(certificate && { tls_certificates: [certificate] }),
        validation_context: {
          trusted_ca: { filename: ca },
          match_typed_subject_alt_names: [matcher],
        },
      },
    },
  };
}

function socketAddress({ host, port }: ListenAddress): JsonObject {
  return { socket_address: { address: host, port_value: port } };
}
