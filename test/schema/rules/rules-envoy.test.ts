import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { needs, peerPath } from "../../kit/peers.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { envoy, tree } from "../envoy-schema.ts";

const run = promisify(execFile);

/** Clusters that break one rule each. */
const clusters: readonly string[] = [
  "lb_policy: 99",
  "connect_timeout: 0s",
  "dns_refresh_rate: 0.0001s",
  "load_assignment: {}",
  "load_assignment: {cluster_name: c, endpoints: [{priority: 129}]}",
  "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{load_balancing_weight: 0}]}]}",
  "load_assignment: {cluster_name: c, policy: {overprovisioning_factor: 0}}",
  "common_lb_config: {healthy_panic_threshold: {value: 101}}",
  "upstream_bind_config: {source_address: {address: x, port_value: 70000}}",
  "metadata: {filter_metadata: {'': {}}}",
  "upstream_http_protocol_options: {override_auto_sni_header: 'a b'}",
  "outlier_detection: {max_ejection_percent: 101}",
  "health_checks: [{timeout: 1s, interval: 1s, healthy_threshold: 1, tcp_health_check: {}}]",
  'health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: {path: "a\\nb"}}]',
];

describe("The words of field rules", needs("envoy"), () => {
  for (const text of clusters) {
    it(`are Envoy's for ${text}`, async () => {
      using folder = temporaryFolder();
      const file = folder.file("envoy.yaml");
      writeFileSync(file, `static_resources: {clusters: [{name: c, ${text}}]}\n`);
      const flags = ["--mode", "validate", "-c", file, "-l", "error", "--concurrency", "1"];
      const refusal = await run(peerPath("envoy"), flags).then(() => "", String);
      const words = /.*ValidationError\.[^:]*: (value .*?)\)(?::|\n|$)/s.exec(refusal)?.[1];
      const { problems } = envoy.fromSource("envoy.config.cluster.v3.Cluster", tree(`name: c\n${text}\n`));
      assert.deepStrictEqual(
        problems.map(({ message }) => message),
        [words],
      );
    });
  }
});
