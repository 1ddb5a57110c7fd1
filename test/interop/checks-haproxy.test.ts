import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { startHaProxyReader } from "../kit/haproxy.ts";
import { needs } from "../kit/peers.ts";
import { until } from "../kit/within.ts";
import { bootstrap, upstreamProxyProtocol } from "../parity/bootstrap.ts";
import { clusterOf, healthCheck } from "../parity/health/health-view.ts";

const check = { health_checks: [healthCheck({ http_health_check: { path: "/" } })] };

const planes = [
  { name: "the bundled data plane", start: startBundledProxy, peers: needs("haproxy") },
  { name: "Envoy", start: startEnvoy, peers: needs("envoy", "haproxy") },
] as const;

describe("health checks of a HAProxy that demands a PROXY header", () => {
  for (const { name, start, peers } of planes) {
    it(
      `pass with both versions, and fail without a header, from ${name} (PP-118, PP-119)`,
      peers,
      async () => {
        await using haproxy = await startHaProxyReader();
        const clusters = [
          ...(["V1", "V2"] as const).map((version) =>
            clusterOf(version, [haproxy.port], {
              transport_socket: upstreamProxyProtocol({ version }),
              ...check,
            }),
          ),
          clusterOf("plain", [haproxy.port], check),
        ];
        await using proxy = await start(bootstrap([], clusters));
        let flags: readonly string[] = [];
        const isChecked = async () => {
          const { body } = await proxy.admin.request("GET", "/clusters");
          const lines = body.split("\n").filter((line) => line.includes("::health_flags::"));
          flags = lines.map((line) => `${line.split("::")[0]} ${line.split("::").at(-1)}`).toSorted();
          const passed = flags.filter((flag) => flag.endsWith(" healthy")).length;
          return passed >= 2 || undefined;
        };
        await until(10_000, () => `two clusters are healthy: ${flags.join(", ")}`, isChecked);
        assert.deepEqual(flags, ["V1 healthy", "V2 healthy", "plain /failed_active_hc"]);
      },
    );
  }
});
