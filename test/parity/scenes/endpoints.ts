import { renameSync, writeFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { any, bootstrap, connectionManager, listener, route } from "../bootstrap.ts";
import { letters, shares, startFarm, type Farm } from "../lettered.ts";
import type { Rig } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

type Play = (stage: Stage, rig: Rig<Farm>) => Promise<JsonValue>;

const file = "endpoints.json";

/** Puts a file of assignments where the plane looks, whole: Envoy reads one that was moved there, not one that is being written. */
function putEndpoints(rig: Rig<Farm>, name: string, endpoints: readonly JsonObject[]): void {
  const assignment = any("envoy.config.endpoint.v3.ClusterLoadAssignment", {
    cluster_name: name,
    endpoints: [{ locality: { zone: "z" }, lb_endpoints: [...endpoints] }],
  });
  const next = rig.file("next.json");
  writeFileSync(next, JSON.stringify({ version_info: "1", resources: [assignment] }));
  renameSync(next, rig.file(file));
}

function edsCluster(rig: Rig<Farm>, name: string, more: JsonObject = {}): JsonObject {
  return {
    name,
    type: "EDS",
    connect_timeout: "2s",
    eds_cluster_config: {
      eds_config: { path_config_source: { path: rig.file(file) }, initial_fetch_timeout: "0.5s" },
    },
    ...more,
  };
}

function edsBootstrap(rig: Rig<Farm>): JsonObject {
  putEndpoints(rig, "eds", [rig.more.farm.endpoint("a")]);
  return bootstrap(
    [listener("in", [connectionManager([route("/missing", "missing"), route("/", "eds")])])],
    [edsCluster(rig, "eds", { lb_policy: "ROUND_ROBIN" }), edsCluster(rig, "missing")],
    { node: { id: "n", cluster: "c" } },
  );
}

const dozen = Array.from({ length: 12 }, () => "");
const pattern =
  "^cluster.eds.(membership_|update_(success|failure|rejected|empty|no_rebuild)|upstream_cx_(total|destroy|none_healthy)|upstream_rq_total|max_host_weight|lb_healthy_panic)|^cluster_manager.(active|warming)_clusters|^http.web.downstream_rq_[0-9]";

/** New endpoints, and what share of a dozen requests each of them gets; what was counted meanwhile. */
const given =
  (endpointsOf: (farm: Farm["farm"]) => readonly JsonObject[], requests = dozen): Play =>
  async (stage, rig) => {
    let answered = "";
    const counters = await stage.counted(pattern, async () => {
      const name = "cluster.eds.update_success";
      const before = (await stage.admin.stats(`^${name}$`)).get(name) ?? 0;
      putEndpoints(rig, "eds", endpointsOf(rig.more.farm));
      await stage.untilStat(name, before + 1);
      answered = await letters(stage, "", requests);
    });
    return { shares: shares(answered, 1), counters, hosts: await hostsOf(stage) };
  };

/** What `/clusters` tells of weight and health of each host. */
async function hostsOf(stage: Stage): Promise<JsonValue> {
  const { body } = await stage.admin.request("GET", "/clusters");
  const lines = body
    .split("\n")
    .filter((line) => /^eds::127.*::(weight|health_flags|zone|priority)::/.test(line));
  return lines.map((line) => line.slice(line.indexOf("::", 5) + 2)).sort();
}

export const scenes: readonly Scene[] = [
  sceneWith(startFarm("abcd"), {
    area: "clusters",
    name: "endpoints from a file",
    bootstrap: edsBootstrap,
    cases: {
      "at the start": async (stage) => ({
        counters: Object.fromEntries(await stage.admin.stats(pattern)),
        missing_counters: Object.fromEntries(
          await stage.admin.stats("^cluster.missing.(update_(success|rejected|empty)|membership_total)$"),
        ),
        answered: await letters(stage, "", dozen),
        missing: await letters(stage, "missing", [""]),
        hosts: await hostsOf(stage),
      }),
      "one more endpoint gets its share": given((farm) => [farm.endpoint("a"), farm.endpoint("b")]),
      "the same once more": given((farm) => [farm.endpoint("a"), farm.endpoint("b")]),
      "weights give shares": given(
        (farm) => [farm.endpoint("a", { weight: 1 }), farm.endpoint("b", { weight: 3 })],
        [...dozen, ...dozen],
      ),
      "DRAINING gets nothing": given((farm) => [
        farm.endpoint("a", { health: "DRAINING" }),
        farm.endpoint("b"),
        farm.endpoint("c"),
      ]),
      "UNHEALTHY gets nothing": given((farm) => [
        farm.endpoint("a", { health: "UNHEALTHY" }),
        farm.endpoint("b"),
        farm.endpoint("c"),
      ]),
      "DEGRADED gets nothing as long as there are others": given((farm) => [
        farm.endpoint("a", { health: "DEGRADED" }),
        farm.endpoint("b"),
        farm.endpoint("c"),
        farm.endpoint("d"),
      ]),
      "endpoints that are gone get nothing": given((farm) => [farm.endpoint("c")]),
      "an endpoint that is gone ends its request first": async (stage, rig) => {
        const client = await stage.connect();
        client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await client.receivedThat((bytes) => bytes.includes("\n"));
        const after = await given((farm) => [farm.endpoint("a")])(stage, rig);
        return { after, ending: client.ending };
      },
      "no endpoints at all": given(() => [], [""]),
      "endpoints again": given((farm) => [farm.endpoint("b")]),
    },
  }),
];
