import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { any, bootstrap } from "../bootstrap.ts";
import { startCheckedTls, type CheckedTls } from "../health/checked-tls.ts";
import { clusterOf, healthCheck, untilFlags } from "../health/health-view.ts";
import type { More } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { inline, upstreamTls, world } from "../tls-world.ts";

interface Secured extends More {
  readonly trusted: CheckedTls;
  readonly headed: CheckedTls;
  readonly foreign: CheckedTls;
  readonly asked: CheckedTls;
  readonly connected: CheckedTls;
}

const http = { http_health_check: { path: "/hz", host: "h.test" } };

/** TLS to hosts whose certificate the scene's authority issued, for `a.example`. */
function trusting(common: JsonObject = {}): JsonObject {
  return upstreamTls(
    { validation_context: { trusted_ca: inline(world().ca.cert) }, ...common },
    { sni: "a.example" },
  );
}

function behindHeader(inner: JsonObject): JsonObject {
  return {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typed_config: any("envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport", {
      config: { version: "V2" },
      transport_socket: inner,
    }),
  };
}

async function healthy(stage: Stage, name: string, { seen }: CheckedTls): Promise<JsonValue> {
  const flags = await untilFlags(stage, name, "healthy");
  return { flags, seen: { ...seen } };
}

export const scenes: readonly Scene[] = [
  sceneWith(
    async (): Promise<Secured> => ({
      trusted: await startCheckedTls(world().server, ["http/1.1"]),
      headed: await startCheckedTls(world().server, ["http/1.1"]),
      foreign: await startCheckedTls(world().foreign, ["http/1.1"]),
      asked: await startCheckedTls(world().server, ["h2", "http/1.1", "check"]),
      connected: await startCheckedTls(world().server, []),
    }),
    {
      area: "health",
      name: "checks over TLS",
      // How many checks there are is a matter of time, and each begins a session.
      varying: /\.ssl\./,
      bootstrap: ({ more, tcp }) =>
        bootstrap(
          [],
          [
            clusterOf("trusted", [more.trusted.port], {
              transport_socket: trusting(),
              health_checks: [healthCheck(http)],
            }),
            clusterOf("headed", [more.headed.port], {
              transport_socket: behindHeader(trusting()),
              health_checks: [healthCheck(http)],
            }),
            clusterOf("foreign", [more.foreign.port], {
              transport_socket: trusting(),
              health_checks: [healthCheck(http)],
            }),
            clusterOf("asked", [more.asked.port], {
              transport_socket: trusting({ alpn_protocols: ["http/1.1"] }),
              health_checks: [healthCheck({ ...http, tls_options: { alpn_protocols: ["check"] } })],
            }),
            clusterOf("matched", [more.connected.port], {
              transport_socket_matches: [
                { name: "secure", match: { checked: true }, transport_socket: trusting() },
              ],
              health_checks: [healthCheck({ ...http, transport_socket_match_criteria: { checked: true } })],
            }),
            clusterOf("connected", [more.connected.port, more.foreign.port, tcp.port], {
              transport_socket: trusting(),
              health_checks: [healthCheck({ timeout: "0.3s", tcp_health_check: {} })],
            }),
          ],
        ),
      cases: {
        "a trusted host is asked within TLS": async (stage, { more }) =>
          healthy(stage, "trusted", more.trusted),
        "the PROXY header goes ahead of the handshake (PP-89, PP-118)": async (stage, { more }) =>
          healthy(stage, "headed", more.headed),
        "a host that is not trusted fails": async (stage) => {
          const flags = await untilFlags(stage, "foreign", "/failed_active_hc");
          const stats = await stage.admin.stats(
            "^cluster\\.foreign\\.(ssl\\.fail_verify_error|health_check\\.network)",
          );
          return { flags, stats: Object.fromEntries([...stats].map(([name, value]) => [name, value > 0])) };
        },
        "tls_options take the place of the configured protocols": async (stage, { more }) =>
          healthy(stage, "asked", more.asked),
        "transport_socket_match_criteria choose the transport socket of checks": async (stage) => {
          const flags = await untilFlags(stage, "matched", "healthy");
          const stats = await stage.admin.stats("^cluster\\.matched\\.(secure|default)\\.total_match_count");
          return { flags, stats: Object.fromEntries([...stats].map(([name, value]) => [name, value > 0])) };
        },
        "to be connected is to have shaken hands": async (stage) =>
          untilFlags(
            stage,
            "connected",
            "healthy",
            "/failed_active_hc",
            "/failed_active_hc/active_hc_timeout",
          ),
      },
    },
  ),
];
