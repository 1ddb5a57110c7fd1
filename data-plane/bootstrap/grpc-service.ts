import type { Problem } from "../../src/base/problem.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { Cluster, GrpcService, MessageTypes, Secret } from "../../src/schema/api.ts";
import type { Schema } from "../../src/schema/schema.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import type { ConfiguredAddress } from "../resources/address.ts";
import { configuredAddress } from "../resources/address.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { noEffect, notSupported, unsupportedFields } from "../resources/support.ts";
import { durationMs, wrapped } from "../resources/values.ts";
import type { BackoffPolicy } from "../xds-client/backoff.ts";
import { defaultBackoff } from "../xds-client/backoff.ts";
import type { LocalData } from "../resources/data-source.ts";
import { parseGrpcTls, parseSslCredentials } from "../tls/grpc-tls.ts";
import { upstreamTlsType } from "../tls/upstream-tls-context.ts";
import type { GrpcTarget, GrpcTls } from "../xds-client/grpc-transport.ts";

/** What a `GrpcService` is looked up in. */
export interface GrpcContext {
  readonly schema: Pick<Schema, "decode">;
  readonly local: LocalData;
  readonly staticSecrets: ReadonlyMap<string, Secret>;
  /** `static_resources.clusters` by name. */
  readonly clusters: ReadonlyMap<string, Cluster>;
}

/** Envoy takes responses of any size; this is what we bear before the stream is cut (XC-25). */
const receiveMaxBytes = 256 * 1024 * 1024;
/** Pings where the cluster says nothing of them (XC-25). */
const defaultKeepalive = { intervalMs: 30_000, timeoutMs: 10_000 };

const httpOptionsType = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const rawBufferType = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

const retryPolicy = { retry_back_off: { base_interval: true, max_interval: true } } as const;

const support = {
  envoy_grpc: {
    cluster_name: true,
    authority: true,
    retry_policy: retryPolicy,
    max_receive_message_length: true,
    // The headers in question are not sent in the first place.
    skip_envoy_headers: noEffect,
  },
  google_grpc: {
    target_uri: true,
    stat_prefix: noEffect,
    channel_credentials: { ssl_credentials: true },
  },
  // A deadline of single requests; a discovery stream has none, in Envoy either.
  timeout: noEffect,
  initial_metadata: { key: true, value: true },
} as const;

/** `envoy.config.core.v3.GrpcService` of an xDS source: where its streams go and how they are tried again. */
export function parseGrpcService(
  service: GrpcService,
  context: GrpcContext,
  path: string,
): Parsed<{ readonly target: GrpcTarget; readonly backoff: BackoffPolicy }> {
  const problems = unsupportedFields(service, support, path);
  const metadata = (service.initial_metadata ?? []).map(
    ({ key = "", value = "" }) => [key.toLowerCase(), value] as const,
  );
  const envoyGrpc = service.envoy_grpc;
  if (!envoyGrpc) {
    const uri = service.google_grpc?.target_uri ?? "";
    const ssl = service.google_grpc?.channel_credentials?.ssl_credentials;
    const at = `${path}.google_grpc.channel_credentials.ssl_credentials`;
    const secured = ssl && parseSslCredentials(ssl, context.local, at);
    if (secured && !secured.value) return { problems: [...problems, ...secured.problems] };
    const target = {
      name: uri,
      addresses: [uri],
      connectTimeoutMs: 5_000,
      keepalive: defaultKeepalive,
      metadata,
      receiveMaxBytes,
      ...(secured?.value && { tls: secured.value }),
    };
    return parsed({ target, backoff: defaultBackoff }, problems);
  }
  const name = envoyGrpc.cluster_name ?? "";
  const cluster = context.clusters.get(name);
  if (!cluster || cluster.type === "EDS") {
    return { problems: [...problems, refuse(`${path}.envoy_grpc`, `Unknown gRPC client cluster '${name}'`)] };
  }
  const connection = parseGrpcCluster(cluster, context, `${path}.envoy_grpc.cluster_name`);
  if (!connection.value) return { problems: [...problems, ...connection.problems] };
  const backOff = envoyGrpc.retry_policy?.retry_back_off;
  const target = {
    name,
    ...connection.value,
    ...(envoyGrpc.authority ? { authority: envoyGrpc.authority } : { authority: name }),
    metadata,
    receiveMaxBytes: wrapped(envoyGrpc.max_receive_message_length, 0, receiveMaxBytes),
  };
  const baseMs = durationMs(backOff?.base_interval, defaultBackoff.baseMs);
  const maxMs = durationMs(backOff?.max_interval, backOff ? baseMs * 10 : defaultBackoff.maxMs);
  return parsed({ target, backoff: { baseMs, maxMs } }, problems);
}

/** The addresses of a static cluster that carries an xDS stream, its pings and its TLS. */
function parseGrpcCluster(
  cluster: Cluster,
  context: GrpcContext,
  path: string,
): Parsed<Pick<GrpcTarget, "addresses" | "connectTimeoutMs" | "keepalive" | "tls">> {
  const problems: Problem[] = [];
  const { schema } = context;
  const config = cluster.transport_socket?.typed_config;
  const type = typeNameOf(config?.type_url ?? "");
  let tls: GrpcTls | undefined;
  if (type === upstreamTlsType) {
    const message = { ...schema.decode(upstreamTlsType, config?.value ?? Buffer.alloc(0)) };
    const secured = parseGrpcTls(message, context, path);
    problems.push(...secured.problems);
    tls = secured.value;
  } else if (cluster.transport_socket && type !== rawBufferType) {
    problems.push(notSupported(path, `transport_socket of the xDS cluster '${cluster.name ?? ""}'`));
  }
  const http2 = http2Options(cluster, schema);
  if (!http2) {
    const rule = `cluster '${cluster.name ?? ""}' must have http2_protocol_options: xDS is gRPC, which needs HTTP/2`;
    problems.push(refuse(path, rule));
  }
  const addresses = grpcAddresses(cluster);
  if (addresses.length === 0) {
    problems.push(
      refuse(path, `cluster '${cluster.name ?? ""}' has no endpoint to reach the control plane at`),
    );
  }
  const ping = http2?.connection_keepalive;
  const keepalive = {
    intervalMs: durationMs(ping?.interval, defaultKeepalive.intervalMs),
    timeoutMs: durationMs(ping?.timeout, defaultKeepalive.timeoutMs),
  };
  return parsed(
    {
      addresses,
      connectTimeoutMs: durationMs(cluster.connect_timeout, 5_000),
      keepalive,
      ...(tls && { tls }),
    },
    problems,
  );
}

type Http2Options = MessageTypes["envoy.config.core.v3.Http2ProtocolOptions"];

/** The HTTP/2 options of a cluster, in the new place or the deprecated one; undefined when it speaks HTTP/1. */
function http2Options(cluster: Cluster, schema: Pick<Schema, "decode">): Http2Options | undefined {
  const any = cluster.typed_extension_protocol_options?.[httpOptionsType];
  if (!any) return cluster.http2_protocol_options;
  return schema.decode(httpOptionsType, any.value ?? Buffer.alloc(0)).explicit_http_config
    ?.http2_protocol_options;
}

/** The endpoints as gRPC targets, in order. */
function grpcAddresses(cluster: Cluster): string[] {
  const localities = cluster.load_assignment?.endpoints ?? [];
  const endpoints = localities.flatMap((locality) => locality.lb_endpoints ?? []);
  return endpoints.flatMap(({ endpoint }) => {
    const address = configuredAddress(endpoint?.address);
    return address ? [grpcAddress(address)] : [];
  });
}

function grpcAddress(address: ConfiguredAddress): string {
  switch (address.family) {
    case "IPv4":
      return `ipv4:${address.address}:${address.port}`;
    case "IPv6":
      return `ipv6:[${address.address}]:${address.port}`;
    case "name":
      return `dns:${address.name}:${address.port}`;
    case "pipe":
      return `unix:${address.path}`;
    default:
      return unreachable(address);
  }
}
