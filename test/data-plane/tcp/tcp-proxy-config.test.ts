import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tcpProxy } from "../../../data-plane/tcp/tcp-proxy.ts";
import type { TcpProxyConfig } from "../../../data-plane/tcp/tcp-proxy-config.ts";
import { tcpProxyConfig } from "../../../data-plane/tcp/tcp-proxy-config.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message, parseContext, problemsOf } from "../parse-kit.ts";

const typeName = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

function config(yaml: string): TcpProxyConfig {
  return tcpProxyConfig(asType(typeName, message(typeName, yaml)), { hostname: "edge" }, "p", []);
}

function problems(yaml: string): readonly string[] {
  return problemsOf(tcpProxy.parse(message(typeName, yaml), parseContext(), "p"));
}

describe("tcpProxyConfig()", () => {
  it("has Envoy's defaults", () => {
    const { idleTimeoutMs, maxConnectAttempts, backOff, maxDurationMs, logs } = config("{cluster: c}");
    assert.deepEqual(
      { idleTimeoutMs, maxConnectAttempts, backOff, maxDurationMs, logs },
      {
        idleTimeoutMs: 3_600_000,
        maxConnectAttempts: 1,
        backOff: undefined,
        maxDurationMs: 0,
        logs: { onStart: false, onConnected: false, intervalMs: 0 },
      },
    );
  });

  it("takes ten base intervals for the longest back-off", () => {
    assert.deepEqual(config("{backoff_options: {base_interval: 0.1s}}").backOff, {
      baseMs: 100,
      maxMs: 1000,
    });
  });

  it("rounds the jitter of the duration up", () => {
    const yaml =
      "{max_downstream_connection_duration: 1.001s, max_downstream_connection_duration_jitter_percentage: {value: 10}}";
    assert.equal(config(yaml).maxDurationJitterMs, 101);
  });

  it("reads the options of logs where they are now and where they were", () => {
    const now = "{access_log_options: {access_log_flush_interval: 2s, flush_access_log_on_connected: true}}";
    const before = "{access_log_flush_interval: 2s, flush_access_log_on_connected: true}";
    for (const yaml of [now, before]) {
      assert.deepEqual(config(yaml).logs, { onStart: false, onConnected: true, intervalMs: 2000 });
    }
  });
});

describe("tcpProxy", () => {
  const refusals: readonly (readonly [yaml: string, problem: string])[] = [
    ["{tunneling_config: {hostname: h}}", "p.tunneling_config: not supported by the bundled data plane"],
    ["{on_demand: {}}", "p.on_demand: not supported by the bundled data plane"],
    ["{check_drain_close: true}", "p.check_drain_close: not supported by the bundled data plane"],
    [
      "{upstream_connect_mode: ON_DOWNSTREAM_DATA}",
      "p.upstream_connect_mode: ON_DOWNSTREAM_DATA is not supported by the bundled data plane",
    ],
    [
      "{access_log_options: {}, flush_access_log_on_connected: true}",
      "p.flush_access_log_on_connected: Only one of flush_access_log_on_connected or access_log_options can be specified.",
    ],
    [
      "{access_log_options: {}, access_log_flush_interval: 1s}",
      "p.access_log_flush_interval: Only one of access_log_flush_interval or access_log_options can be specified.",
    ],
    [
      "{backoff_options: {base_interval: 2s, max_interval: 1s}}",
      "p.backoff_options: max_backoff_interval must be greater or equal to base_backoff_interval",
    ],
  ];
  for (const [yaml, problem] of refusals) {
    it(`refuses ${yaml}`, () => assert.deepEqual(problems(yaml), [problem]));
  }

  it("warns of timeouts that Envoy does not look at", () => {
    assert.deepEqual(problems("{downstream_idle_timeout: 1s}"), [
      "p.downstream_idle_timeout: Envoy does not use it; see idle_timeout",
    ]);
  });
});
