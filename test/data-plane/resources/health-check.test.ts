import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../../src/base/problem.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import type { HealthCheckConfig } from "../../../data-plane/resources/health-check.ts";
import { parseHealthChecks } from "../../../data-plane/resources/health-check.ts";
import { isInRanges } from "../../../data-plane/resources/status-range.ts";
import { message, parseContext, problemsOf } from "../parse-kit.ts";

const required = "timeout: 1s, interval: 2s, healthy_threshold: 3, unhealthy_threshold: 4";

function parse(check: string, isHttp2 = true) {
  const typeName = "envoy.config.cluster.v3.Cluster";
  const cluster = asType(typeName, message(typeName, `{name: c, health_checks: [{${required}, ${check}}]}`));
  return parseHealthChecks(cluster, isHttp2, parseContext(), "");
}

function config(check: string): HealthCheckConfig {
  const { value, problems } = parse(check);
  assert.deepEqual(
    problems.map((problem) => formatProblem(problem)),
    [],
  );
  assert.ok(value);
  return value;
}

function refusal(check: string, isHttp2 = true): string {
  return problemsOf(parse(check, isHttp2)).join("\n");
}

function proxyProtocol(yaml: string): string | undefined {
  const { checker } = config(`tcp_health_check: {proxy_protocol_config: ${yaml}}`);
  return checker.kind === "tcp" ? checker.proxyProtocol : undefined;
}

describe("parseHealthChecks()", () => {
  it("has Envoy's defaults", () => {
    const { checker, ...rest } = config("tcp_health_check: {}");
    assert.deepEqual(rest, {
      timeoutMs: 1000,
      intervalMs: 2000,
      unhealthyMs: 2000,
      unhealthyEdgeMs: 2000,
      healthyEdgeMs: 2000,
      noTrafficMs: 60_000,
      noTrafficHealthyMs: 60_000,
      initialJitterMs: 0,
      jitterMs: 0,
      jitterPercent: 0,
      leastMs: 0,
      mostMs: Number.MAX_SAFE_INTEGER,
      healthyThreshold: 3,
      unhealthyThreshold: 4,
      transportLabels: undefined,
      alpnProtocols: [],
      reusesConnection: true,
      logsEveryFailure: false,
      logsEverySuccess: false,
      eventLogPaths: [],
    });
    assert.deepEqual(checker, { kind: "tcp", send: Buffer.alloc(0), receive: [], proxyProtocol: undefined });
  });

  it("takes each interval that is not set from the next more general one", () => {
    const { unhealthyEdgeMs, noTrafficHealthyMs } = config(
      "tcp_health_check: {}, unhealthy_interval: 5s, no_traffic_interval: 7s",
    );
    assert.deepEqual([unhealthyEdgeMs, noTrafficHealthyMs], [5000, 7000]);
  });

  it("reads payloads as hexadecimal text or as bytes", () => {
    const { checker } = config(
      'tcp_health_check: {send: {text: "00fF"}, receive: [{text: "6162"}, {binary: "Y2Q="}]}',
    );
    assert.ok(checker.kind === "tcp");
    assert.equal(checker.send.toString("hex"), "00ff");
    assert.deepEqual(
      checker.receive.map((piece) => piece.toString()),
      ["ab", "cd"],
    );
    for (const text of ["zz", "abc"]) {
      assert.match(
        refusal(`tcp_health_check: {receive: [{text: "${text}"}]}`),
        new RegExp(`receive\\[0\\]\\.text: invalid hex string '${text}'`),
      );
    }
  });

  it("warns of bytes to be sent on TCP, which Envoy does not send", () => {
    const { value, problems } = parse('tcp_health_check: {send: {binary: "Y2Q="}}');
    assert.ok(value?.checker.kind === "tcp");
    assert.equal(value.checker.send.length, 0);
    assert.deepEqual(
      problems.map(({ severity, path }) => [severity, path]),
      [["warning", "health_checks[0].tcp_health_check.send.binary"]],
    );
  });

  it("warns of alt_port, which Envoy does not look at", () => {
    const { problems } = parse("tcp_health_check: {}, alt_port: 80");
    assert.deepEqual(
      problems.map(({ severity, path }) => [severity, path]),
      [["warning", "health_checks[0].alt_port"]],
    );
  });

  it("reads the PROXY header of a TCP check (PP-121)", () => {
    assert.equal(proxyProtocol("{}"), "V1");
    assert.equal(proxyProtocol("{version: V2}"), "V2");
  });

  it("reads an HTTP check", () => {
    const { checker } = config(`http_health_check: {path: /hz, host: h, method: POST, send: {text: "61"},
      expected_statuses: [{start: 200, end: 300}], retriable_statuses: [{start: 500, end: 501}],
      service_name_matcher: {prefix: web}, codec_client_type: HTTP2}`);
    assert.ok(checker.kind === "http");
    assert.deepEqual(
      [checker.method, checker.path, checker.host, checker.isHttp2],
      ["POST", "/hz", "h", true],
    );
    assert.deepEqual(
      [199, 200, 299, 300].map((status) => isInRanges(status, checker.expected)),
      [false, true, true, false],
    );
    assert.equal(checker.isExpectedService?.("web-1"), true);
    assert.equal(checker.isExpectedService?.(""), false);
  });

  it("expects status 200 of a GET when nothing else is said", () => {
    const { checker } = config("http_health_check: {path: /hz}");
    assert.ok(checker.kind === "http");
    assert.equal(checker.method, "GET");
    assert.deepEqual(checker.expected, [{ start: 200, end: 201 }]);
    assert.equal(checker.responseBufferBytes, 1024);
  });

  it("refuses what Envoy refuses, in its words", () => {
    assert.match(
      refusal('http_health_check: {path: /, send: {text: "61"}}'),
      /cannot specify a request payload with method 'GET'/,
    );
    assert.match(
      refusal("http_health_check: {path: /, expected_statuses: [{start: 200, end: 200}]}"),
      /Invalid http expected status range: expecting start < end, but found start=200 and end=200/,
    );
    assert.match(
      refusal("http_health_check: {path: /, expected_statuses: [{start: 20, end: 200}]}"),
      /expecting start >= 100, but found start=20/,
    );
    assert.match(
      refusal("http_health_check: {path: /, retriable_statuses: [{start: 500, end: 601}]}"),
      /Invalid http retriable status range: expecting end <= 600, but found end=601/,
    );
    assert.match(
      refusal('http_health_check: {path: /, response_buffer_size: 2, receive: [{text: "616263"}]}'),
      /The expected response length '3' is over than http health response buffer size '2'/,
    );
    assert.match(
      refusal("grpc_health_check: {}", false),
      /c cluster must support HTTP\/2 for gRPC healthchecking/,
    );
  });

  it("refuses, by name, what it does not support", () => {
    const refused: readonly (readonly [string, string])[] = [
      ["custom_health_check: {name: envoy.health_checkers.redis}", "custom_health_check"],
      ["http_health_check: {path: /, codec_client_type: HTTP3}", "http_health_check.codec_client_type"],
      ["http_health_check: {path: /, use_alpn_protocol: true}", "http_health_check.use_alpn_protocol"],
      ["tcp_health_check: {}, event_service: {}", "event_service"],
      ["tcp_health_check: {}, event_logger: [{name: f, typed_config: {}}]", "event_logger[0].typed_config"],
    ];
    for (const [check, field] of refused) {
      assert.ok(refusal(check).includes(`health_checks[0].${field}: `), `${field} in ${refusal(check)}`);
    }
  });

  it("refuses more than one check", () => {
    const typeName = "envoy.config.cluster.v3.Cluster";
    const check = `{${required}, tcp_health_check: {}}`;
    const cluster = asType(typeName, message(typeName, `{name: c, health_checks: [${check}, ${check}]}`));
    const problems = problemsOf(parseHealthChecks(cluster, false, parseContext(), ""));
    assert.match(problems.join(), /health_checks\[1\]: more than one check is not supported/);
  });

  it("finds the files of the event log", () => {
    const sink = "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";
    const { eventLogPaths } = config(`tcp_health_check: {}, event_log_path: /tmp/a,
      event_logger: [{name: f, typed_config: {"@type": type.googleapis.com/${sink}, event_log_path: /tmp/b}}]`);
    assert.deepEqual(eventLogPaths, ["/tmp/a", "/tmp/b"]);
  });
});
