import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPrometheus, tagsOf } from "../../../data-plane/stats/prometheus.ts";
import { formatStatsJson, formatStatsText } from "../../../data-plane/stats/stats-text.ts";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";

// Names and labels as Envoy 1.40 prints them.
describe("tagsOf()", () => {
  const rows: readonly (readonly [stat: string, name: string, labels: string])[] = [
    [
      "cluster.service1.upstream_cx_total",
      "envoy_cluster_upstream_cx_total",
      'envoy_cluster_name="service1"',
    ],
    [
      "cluster.service1.upstream.proxyprotocol.v2_tlvs_exceed_max_length",
      "envoy_cluster_upstream_proxyprotocol_v2_tlvs_exceed_max_length",
      'envoy_cluster_name="service1"',
    ],
    [
      "listener.127.0.0.1_29902.downstream_cx_total",
      "envoy_listener_downstream_cx_total",
      'envoy_listener_address="127.0.0.1_29902"',
    ],
    [
      "listener.127.0.0.1_29902.worker_0.downstream_cx_total",
      "envoy_listener_worker_downstream_cx_total",
      'envoy_worker_id="0",envoy_listener_address="127.0.0.1_29902"',
    ],
    [
      "listener.[__1]_80.no_filter_chain_match",
      "envoy_listener_no_filter_chain_match",
      'envoy_listener_address="[__1]_80"',
    ],
    ["tcp.ingress.downstream_cx_total", "envoy_tcp_downstream_cx_total", 'envoy_tcp_prefix="ingress"'],
    ["proxy_proto.versions.v2.found", "envoy_proxy_proto_found", 'envoy_proxy_protocol_version="2"'],
    ["proxy_proto.not_found_allowed", "envoy_proxy_proto_not_found_allowed", ""],
    ["listener_manager.listener_added", "envoy_listener_manager_listener_added", ""],
    ["downstream_cx_proxy_proto_error", "envoy_downstream_cx_proxy_proto_error", ""],
  ];
  for (const [stat, name, labels] of rows) it(stat, () => assert.deepEqual(tagsOf(stat), { name, labels }));
});

describe("the stats formats", () => {
  const store = new StatsStore();
  store.counters("cluster.b", ["upstream_cx_total"]).upstream_cx_total = 2;
  store.counters("cluster.a", ["upstream_cx_total"]).upstream_cx_total = 1;
  store.gauges("server", ["live"]).live.set(1);
  store.setText("cluster_manager.cds.version_text", "v1");

  it("have a family for each name in Prometheus, counters before gauges", () => {
    assert.equal(
      formatPrometheus(store.list()),
      `# TYPE envoy_cluster_upstream_cx_total counter
envoy_cluster_upstream_cx_total{envoy_cluster_name="a"} 1
envoy_cluster_upstream_cx_total{envoy_cluster_name="b"} 2
# TYPE envoy_server_live gauge
envoy_server_live{} 1
`,
    );
  });

  it("have text readouts first and quoted in text", () => {
    assert.equal(
      formatStatsText(store.list()),
      `cluster_manager.cds.version_text: "v1"
cluster.a.upstream_cx_total: 1
cluster.b.upstream_cx_total: 2
server.live: 1
`,
    );
  });

  it("are one list in JSON", () => {
    const { stats } = JSON.parse(formatStatsJson(store.list()));
    assert.deepEqual(stats[0], { name: "cluster_manager.cds.version_text", value: "v1" });
    assert.equal(stats.length, 4);
  });
});
