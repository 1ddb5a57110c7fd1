import type { Bootstrap } from "../../../src/schema/api.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import type { Message } from "../../../src/schema/message.ts";
import { Schema } from "../../../src/schema/schema.ts";
import type { BootstrapConfig } from "../../../data-plane/bootstrap/bootstrap.ts";
import { parseBootstrap } from "../../../data-plane/bootstrap/bootstrap.ts";
import type { NodeOverrides } from "../../../data-plane/bootstrap/node.ts";
import { localData } from "../parse-kit.ts";
import type { Parsed } from "../../../data-plane/resources/parsed.ts";

export const schema = new Schema(loadDescriptors());

const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

export function http2(options: Message = {}): Message {
  const value = schema.encode(httpOptions, { explicit_http_config: { http2_protocol_options: options } });
  return { [httpOptions]: { type_url: `type.googleapis.com/${httpOptions}`, value } };
}

/** A static cluster that speaks HTTP/2 to 127.0.0.1:18000. */
export function xdsCluster(more: Message = {}): Message {
  const address = { socket_address: { address: "127.0.0.1", port_value: 18000 } };
  return {
    name: "xds",
    connect_timeout: { seconds: "1" },
    typed_extension_protocol_options: http2(),
    load_assignment: { cluster_name: "xds", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...more,
  };
}

export const grpcServices = [{ envoy_grpc: { cluster_name: "xds" } }];

export function apiSource(more: Message = {}): Message {
  return { api_type: "GRPC", grpc_services: grpcServices, ...more };
}

/** A bootstrap with a node, the xDS cluster and these dynamic resources. */
export function bootstrap(dynamic: Message, more: Message = {}): Message {
  return {
    node: { id: "n1", cluster: "edge" },
    static_resources: { clusters: [xdsCluster()] },
    dynamic_resources: dynamic,
    ...more,
  };
}

/** A data plane without any extension. */
export const noExtensions = {
  listenerFilters: [],
  networkFilters: [],
  upstreamTransportSockets: [],
  downstreamTransportSockets: [],
  accessLoggers: [],
  httpFilters: [],
  httpRouteConfigs: [],
  originalIpDetection: [],
};

/** Reads it the way it comes from a file: through the schema. */
export function parse(message: Message, overrides: NodeOverrides = {}): Parsed<BootstrapConfig> {
  const typeName = "envoy.config.bootstrap.v3.Bootstrap";
  const decoded: Bootstrap = schema.decode(typeName, schema.encode(typeName, message));
  return parseBootstrap(decoded, {
    schema,
    extensions: noExtensions,
    overrides,
    version: "1.2.3",
    hostname: "edge",
    local: localData,
  });
}

/** The value, which must be there. */
export function accepted(message: Message, overrides: NodeOverrides = {}): BootstrapConfig {
  const { value, problems } = parse(message, overrides);
  if (!value) throw new Error(JSON.stringify(problems));
  return value;
}

/** `path: message` of each problem. */
export function refusals(message: Message): string[] {
  return parse(message).problems.map(({ path = "", message: text }) => `${path}: ${text}`);
}
