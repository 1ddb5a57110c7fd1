import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { MetadataValue } from "../network/connection-info.ts";
import type { ParseContext } from "./extension.ts";
import { headerValueOptionSupport, parseHeaderMutation, type HeaderMutation } from "./header-mutation.ts";
import { eventLogSupport, parseEventLogs } from "./health-check-event-log.ts";
import { parsePayload, parsePayloads } from "./health-check-payload.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse, warn } from "./parsed.ts";
import { parseStatusRanges, type StatusRange } from "./status-range.ts";
import { structFields } from "./struct-fields.ts";
import { parseStringMatcher, type TextTest } from "./string-match.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, notSupported, oneOf, unsupportedFields } from "./support.ts";
import { durationMs, wrapped } from "./values.ts";

type HealthCheck = MessageTypes["envoy.config.core.v3.HealthCheck"];

/** How long the pauses between checks are, in milliseconds: the fields of `envoy.config.core.v3.HealthCheck`, defaults filled in. */
export interface CheckIntervals {
  readonly intervalMs: number;
  readonly unhealthyMs: number;
  readonly unhealthyEdgeMs: number;
  readonly healthyEdgeMs: number;
  /** While the cluster has never had a connection; 60 s when unset. */
  readonly noTrafficMs: number;
  readonly noTrafficHealthyMs: number;
  readonly jitterMs: number;
  /** Of the pause. */
  readonly jitterPercent: number;
  /** Runtime `health_check.min_interval` and `max_interval`. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Active health checks of the hosts of a cluster: `envoy.config.core.v3.HealthCheck`. Times are milliseconds. */
export interface HealthCheckConfig extends CheckIntervals {
  /** Of one check, from its start to its end. */
  readonly timeoutMs: number;
  readonly initialJitterMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Offered by ALPN, where checks go over TLS, in place of what the transport socket offers; empty leaves it that. */
  readonly alpnProtocols: readonly string[];
  /** In place of the hosts' own labels, choose among `transport_socket_matches`; undefined leaves it to those. */
  readonly transportLabels: Readonly<Record<string, MetadataValue>> | undefined;
  /** The next check of a host goes over the connection of the one before. True when unset. */
  readonly reusesConnection: boolean;
  readonly logsEveryFailure: boolean;
  readonly logsEverySuccess: boolean;
  /** Files that events are written to, a JSON object a line. */
  readonly eventLogPaths: readonly string[];
  readonly checker: CheckerConfig;
}

export interface TcpCheckerConfig {
  readonly kind: "tcp";
  readonly send: Buffer;
  /** What must come, in this order, with anything between. Empty: being connected is enough, and nothing is sent (PP-120). */
  readonly receive: readonly Buffer[];
  /** A PROXY header of the check's own in front of each `send` (PP-121). */
  readonly proxyProtocol: "V1" | "V2" | undefined;
}

export interface HttpCheckerConfig {
  readonly kind: "http";
  readonly isHttp2: boolean;
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly send: Buffer;
  readonly receive: readonly Buffer[];
  /** 200 when unset. */
  readonly expected: readonly StatusRange[];
  readonly retriable: readonly StatusRange[];
  /** How much of the body is looked at; 0 is all of it, 1024 when unset. */
  readonly responseBufferBytes: number;
  readonly mutation: HeaderMutation | undefined;
  /** Of `x-envoy-upstream-healthchecked-cluster`, empty when the response has none. */
  readonly isExpectedService: TextTest | undefined;
}

export interface GrpcCheckerConfig {
  readonly kind: "grpc";
  readonly serviceName: string;
  readonly authority: string;
  readonly mutation: HeaderMutation | undefined;
}

export type CheckerConfig = TcpCheckerConfig | HttpCheckerConfig | GrpcCheckerConfig;

const payloadSupport: SupportTable = { text: true, binary: true };
const statusRangeSupport: SupportTable = { start: true, end: true };

/** Fields of a HealthCheck. Redis, Thrift and other checkers of their own are under `custom_health_check`. */
const healthCheckSupport: SupportTable = {
  timeout: true,
  interval: true,
  initial_jitter: true,
  interval_jitter: true,
  interval_jitter_percent: true,
  unhealthy_threshold: true,
  healthy_threshold: true,
  // Envoy 1.40 takes it and checks the endpoint's own port.
  alt_port: noEffect,
  reuse_connection: true,
  no_traffic_interval: true,
  no_traffic_healthy_interval: true,
  unhealthy_interval: true,
  unhealthy_edge_interval: true,
  healthy_edge_interval: true,
  transport_socket_match_criteria: true,
  tls_options: { alpn_protocols: true },
  always_log_health_check_failures: true,
  always_log_health_check_success: true,
  // A name tells several checks of one cluster apart, and one is all that is supported.
  name: noEffect,
  ...eventLogSupport,
  tcp_health_check: {
    send: payloadSupport,
    receive: payloadSupport,
    // Envoy writes the header without them (PP-121).
    proxy_protocol_config: { version: true, pass_through_tlvs: noEffect, added_tlvs: noEffect },
  },
  http_health_check: {
    host: true,
    path: true,
    method: true,
    send: payloadSupport,
    receive: payloadSupport,
    expected_statuses: statusRangeSupport,
    retriable_statuses: statusRangeSupport,
    request_headers_to_add: headerValueOptionSupport,
    request_headers_to_remove: true,
    codec_client_type: oneOf("HTTP1", "HTTP2"),
    service_name_matcher: true,
    response_buffer_size: true,
  },
  grpc_health_check: { service_name: true, authority: true, initial_metadata: headerValueOptionSupport },
};

/** The `health_checks` of a cluster, of which there may be one; `isHttp2`: the cluster speaks HTTP/2, as checks by gRPC need. */
export function parseHealthChecks(
  cluster: MessageTypes["envoy.config.cluster.v3.Cluster"],
  isHttp2: boolean,
  context: ParseContext,
  at: string,
): Parsed<HealthCheckConfig | undefined> {
  const [check, ...others] = cluster.health_checks ?? [];
  if (!check) return { value: undefined, problems: [] };
  const path = `${at}health_checks[0]`;
  const problems: Problem[] = [
    ...unsupportedFields(check, healthCheckSupport, path),
    ...others.map((_, index) => notSupported(`${at}health_checks[${index + 1}]`, "more than one check")),
  ];
  const checker = parseChecker(check, path, context, problems);
  if (check.grpc_health_check && !isHttp2) {
    const name = cluster.name ?? "";
    problems.push(
      refuse(`${path}.grpc_health_check`, `${name} cluster must support HTTP/2 for gRPC healthchecking`),
    );
  }
  if (check.alt_port) {
    problems.push(
      warn(`${path}.alt_port`, "Envoy does not use it; see health_check_config.port_value of endpoints"),
    );
  }
  const eventLogPaths = parseEventLogs(check, context, path, problems);
  if (!checker) return { problems };
  const { runtime } = context;
  return parsed(
    {
      ...timing(check),
      ...habits(check),
      eventLogPaths,
      checker,
      get leastMs() {
        return runtime.integer("health_check.min_interval", 0);
      },
      get mostMs() {
        return runtime.integer("health_check.max_interval", Number.MAX_SAFE_INTEGER);
      },
    },
    problems,
  );
}

function timing(check: HealthCheck) {
  const intervalMs = durationMs(check.interval, 0);
  const unhealthyMs = durationMs(check.unhealthy_interval, intervalMs);
  const noTrafficMs = durationMs(check.no_traffic_interval, 60_000);
  return {
    timeoutMs: durationMs(check.timeout, 0),
    intervalMs,
    unhealthyMs,
    unhealthyEdgeMs: durationMs(check.unhealthy_edge_interval, unhealthyMs),
    healthyEdgeMs: durationMs(check.healthy_edge_interval, intervalMs),
    noTrafficMs,
    noTrafficHealthyMs: durationMs(check.no_traffic_healthy_interval, noTrafficMs),
    initialJitterMs: durationMs(check.initial_jitter, 0),
    jitterMs: durationMs(check.interval_jitter, 0),
    jitterPercent: check.interval_jitter_percent ?? 0,
  };
}

function habits(check: HealthCheck) {
  return {
    healthyThreshold: wrapped(check.healthy_threshold, 0, 0),
    unhealthyThreshold: wrapped(check.unhealthy_threshold, 0, 0),
    transportLabels:
      check.transport_socket_match_criteria && structFields(check.transport_socket_match_criteria),
    alpnProtocols: check.tls_options?.alpn_protocols ?? [],
    reusesConnection: wrapped(check.reuse_connection, false, true),
    logsEveryFailure: check.always_log_health_check_failures ?? false,
    logsEverySuccess: check.always_log_health_check_success ?? false,
  };
}

function parseChecker(
  check: HealthCheck,
  path: string,
  context: ParseContext,
  problems: Problem[],
): CheckerConfig | undefined {
  if (check.tcp_health_check) return parseTcp(check.tcp_health_check, `${path}.tcp_health_check`, problems);
  if (check.http_health_check) {
    return parseHttp(check.http_health_check, `${path}.http_health_check`, context, problems);
  }
  if (!check.grpc_health_check) return undefined;
  const grpc = check.grpc_health_check;
  const grpcPath = `${path}.grpc_health_check`;
  const paths = { add: `${grpcPath}.initial_metadata`, remove: grpcPath };
  return {
    kind: "grpc",
    serviceName: grpc.service_name ?? "",
    authority: grpc.authority ?? "",
    mutation: parseHeaderMutation(grpc.initial_metadata, undefined, paths, problems),
  };
}

function parseTcp(
  tcp: MessageTypes["envoy.config.core.v3.HealthCheck.TcpHealthCheck"],
  path: string,
  problems: Problem[],
): TcpCheckerConfig {
  const receive = parsePayloads(tcp.receive, `${path}.receive`, problems);
  const isBinary = tcp.send?.binary !== undefined && tcp.send.binary.length > 0;
  if (isBinary) problems.push(warn(`${path}.send.binary`, "Envoy sends a payload given as text only"));
  const version = tcp.proxy_protocol_config && (tcp.proxy_protocol_config.version ?? "V1");
  return {
    kind: "tcp",
    send: isBinary ? Buffer.alloc(0) : parsePayload(tcp.send, `${path}.send`, problems),
    receive,
    proxyProtocol: version === "V1" || version === "V2" ? version : undefined,
  };
}

/** Methods without a body in Envoy's requests. */
const bodiless: readonly string[] = ["GET", "HEAD", "DELETE", "TRACE"];

function parseHttp(
  http: MessageTypes["envoy.config.core.v3.HealthCheck.HttpHealthCheck"],
  path: string,
  { runtime }: ParseContext,
  problems: Problem[],
): HttpCheckerConfig {
  const method = http.method === undefined || http.method === "METHOD_UNSPECIFIED" ? "GET" : http.method;
  if (http.send && bodiless.includes(method)) {
    const reason = `HTTP health check cannot specify a request payload with method '${method}'. Only methods that support a request body (POST, PUT, PATCH, OPTIONS) can be used with payload.`;
    problems.push(refuse(`${path}.send`, reason));
  }
  const receive = parsePayloads(http.receive, `${path}.receive`, problems);
  const responseBufferBytes = Number(wrapped(http.response_buffer_size, "0", "1024"));
  const expectedBytes = receive.reduce((sum, piece) => sum + piece.length, 0);
  if (responseBufferBytes !== 0 && expectedBytes > responseBufferBytes) {
    const reason = `The expected response length '${expectedBytes}' is over than http health response buffer size '${responseBufferBytes}'`;
    problems.push(refuse(`${path}.receive`, reason));
  }
  const expected = parseStatusRanges(
    http.expected_statuses,
    "expected",
    `${path}.expected_statuses`,
    problems,
  );
  const isService =
    http.service_name_matcher &&
    parseStringMatcher(http.service_name_matcher, `${path}.service_name_matcher`, problems);
  return {
    kind: "http",
    isHttp2: http.codec_client_type === "HTTP2",
    host: http.host ?? "",
    path: http.path ?? "",
    method,
    send: parsePayload(http.send, `${path}.send`, problems),
    receive,
    expected: expected.length > 0 ? expected : [{ start: 200, end: 201 }],
    retriable: parseStatusRanges(
      http.retriable_statuses,
      "retriable",
      `${path}.retriable_statuses`,
      problems,
    ),
    responseBufferBytes,
    mutation: parseHeaderMutation(
      http.request_headers_to_add,
      http.request_headers_to_remove,
      { add: `${path}.request_headers_to_add`, remove: `${path}.request_headers_to_remove` },
      problems,
    ),
    get isExpectedService() {
      return runtime.isEnabled("health_check.verify_cluster", true) ? (isService ?? undefined) : undefined;
    },
  };
}
