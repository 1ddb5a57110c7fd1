import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, connectionManager, listener, route, socketAddress } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { inline, startTlsUpstream, type TlsUpstream, upstreamTls, world } from "../tls-world.ts";

interface Upstreams {
  readonly good: TlsUpstream;
  readonly [name: string]: TlsUpstream;
}

const matching = (labels: JsonObject): JsonObject => ({
  filter_metadata: { "envoy.transport_socket_match": labels },
});

/** A cluster with one endpoint that speaks TLS where its metadata says so. */
function matched(
  name: string,
  port: number,
  { endpoint, locality, more = {} }: { endpoint?: JsonObject; locality?: JsonObject; more?: JsonObject },
): JsonObject {
  return {
    name,
    connect_timeout: "2s",
    transport_socket_matches: [
      {
        name: "secured",
        match: { tls: "yes", level: 2 },
        transport_socket: upstreamTls({}, { sni: "a.example" }),
      },
      { name: "named", match: { tls: "named" }, transport_socket: upstreamTls({}, { sni: "b.example" }) },
    ],
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          ...(locality && { metadata: matching(locality) }),
          lb_endpoints: [
            { endpoint: { address: socketAddress(port) }, ...(endpoint && { metadata: matching(endpoint) }) },
          ],
        },
      ],
    },
    ...more,
  };
}

function matchScene(rig: Rig<Upstreams>): JsonObject {
  const { port } = rig.more.good;
  const check = {
    timeout: "1s",
    interval: "60s",
    unhealthy_threshold: 1,
    healthy_threshold: 1,
    http_health_check: { path: "/healthy" },
  };
  const secured = { trusted_ca: inline(world().ca.cert) };
  const clusters = [
    matched("endpoint", port, { endpoint: { tls: "yes", level: 2, more: true } }),
    matched("partly", rig.http.port, { endpoint: { tls: "yes" } }),
    matched("none", rig.http.port, {}),
    matched("locality", port, { locality: { tls: "named" } }),
    matched("both", port, { endpoint: { tls: "named" }, locality: { tls: "yes", level: 2 } }),
    matched("fallback", port, { more: { transport_socket: upstreamTls({}, { sni: "fallback.example" }) } }),
    matched("checked", port, {
      more: { health_checks: [check], transport_socket: upstreamTls({ validation_context: secured }) },
    }),
    matched("failing", port, {
      more: {
        health_checks: [check],
        transport_socket: upstreamTls({
          validation_context: {
            ...secured,
            match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "nobody.example" } }],
          },
        }),
      },
    }),
  ];
  const routes = cases.map(([, name]) => route(`/${name}/`, name));
  return bootstrap([listener("in", [connectionManager(routes)])], clusters);
}

async function requestTo(stage: Stage, name: string): Promise<JsonValue> {
  const answered = await stage.exchange(`GET /${name}/ HTTP/1.1\r\nhost: a.example\r\n\r\n`);
  const stats = await stage.admin.stats(
    `^cluster\\.${name}\\.((secured|named|default)\\.total_match_count|health_check\\.(success|failure))`,
  );
  return { answered, stats: Object.fromEntries(stats) };
}

const cases: readonly (readonly [title: string, cluster: string])[] = [
  ["an endpoint with all labels, and more", "endpoint"],
  ["an endpoint with some of the labels", "partly"],
  ["an endpoint without metadata", "none"],
  ["a locality with the labels", "locality"],
  ["an endpoint's labels go before its locality's", "both"],
  ["the cluster's own transport socket where nothing matches", "fallback"],
  ["a health check over TLS", "checked"],
  ["a health check over TLS that finds another name", "failing"],
];

export const scenes: readonly Scene[] = [
  sceneWith(async () => ({ good: await startTlsUpstream(world().server) }), {
    area: "tls",
    name: "transport socket matches",
    bootstrap: matchScene,
    cases: Object.fromEntries(
      cases.map(([title, name]) => [title, (stage: Stage) => requestTo(stage, name)]),
    ),
  }),
];
