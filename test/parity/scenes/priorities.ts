import type { JsonObject } from "../../kit/json.ts";
import { bootstrap, connectionManager, listener, route } from "../bootstrap.ts";
import { farmCluster, letters, shares, startFarm, type Farm } from "../lettered.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const many = (count: number): readonly string[] => Array.from({ length: count }, () => "");

/** A route for each cluster of this kind: name, localities, more fields. */
function webOver(
  clusters: readonly (readonly [name: string, localities: readonly JsonObject[], more?: JsonObject])[],
): JsonObject {
  return bootstrap(
    [listener("in", [connectionManager(clusters.map(([name]) => route(`/${name}/`, name)))])],
    clusters.map(([name, localities, more]) => farmCluster(name, localities, more)),
  );
}

const down = { health: "UNHEALTHY" };

const at = (priority: number, ...endpoints: readonly JsonObject[]) => ({
  priority,
  lb_endpoints: [...endpoints],
});
const zone = (name: string, weight: number, ...endpoints: readonly JsonObject[]) => ({
  locality: { zone: name },
  load_balancing_weight: weight,
  lb_endpoints: [...endpoints],
});

/** Of the requests to this endpoint so many percent are dropped. */
function dropping(endpoint: JsonObject, numerator: number): JsonObject {
  return {
    load_assignment: {
      cluster_name: "dropping",
      endpoints: [{ lb_endpoints: [endpoint] }],
      policy: { drop_overloads: [{ category: "lb", drop_percentage: { numerator } }] },
    },
  };
}

function priorities({ farm }: Farm): JsonObject {
  const a = farm.endpoint("a");
  const b = farm.endpoint("b");
  const c = farm.endpoint("c");
  const noPanic = { common_lb_config: { healthy_panic_threshold: { value: 0 } } };
  const weighted = { common_lb_config: { locality_weighted_lb_config: {} } };
  return webOver([
    ["failover", [at(0, farm.endpoint("a", down), b), at(1, c)]],
    ["standby", [at(0, farm.endpoint("a", down), farm.endpoint("b", down)), at(1, c)]],
    ["panic", [at(0, a, farm.endpoint("b", down), farm.endpoint("c", down))]],
    ["no-panic", [at(0, farm.endpoint("a", down))], noPanic],
    [
      "fail-panic",
      [at(0, a, farm.endpoint("b", down), farm.endpoint("c", down))],
      {
        common_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true } },
      },
    ],
    [
      "degraded",
      [
        at(0, farm.endpoint("a", { health: "DEGRADED" }), farm.endpoint("b", down)),
        at(1, c, farm.endpoint("d", down), farm.endpoint("d", down)),
      ],
    ],
    ["draining", [at(0, a, farm.endpoint("b", { health: "DRAINING" })), at(1, c)]],
    ["localities", [zone("1", 1, a), zone("2", 3, b)], weighted],
    ["localities-ailing", [zone("1", 1, a, farm.endpoint("c", down)), zone("2", 1, b)], weighted],
    ["localities-unasked", [zone("1", 1, a), zone("2", 3, b)]],
    ["empty", []],
    ["dropping", [], dropping(a, 100)],
    ["dropping-half", [], dropping(a, 50)],
  ]);
}

const shared =
  (name: string, step: number, count = 400) =>
  async (stage: Stage) => {
    let found: JsonObject = {};
    const counted = await stage.counted(`^cluster\\.${name}\\.(lb_|upstream_cx_none_healthy)`, async () => {
      found = shares(await letters(stage, `${name}/`, many(count)), step);
    });
    return { found, counted };
  };

const refused = (name: string) => async (stage: Stage) => {
  let lines: readonly string[] = [];
  const counted = await stage.counted(`^cluster\\.${name}\\.(lb_|upstream_(cx|rq))`, async () => {
    const answered = await stage.exchange(`GET /${name}/ HTTP/1.1\r\nhost: a\r\n\r\n`);
    ({ lines } = answered);
  });
  return { lines: [...lines], counted };
};

export const scenes: readonly Scene[] = [
  sceneWith(startFarm("abcd"), {
    area: "clusters",
    name: "priorities and localities",
    // Shares are of chance.
    varying: /(up|down)stream_|rq_total/,
    bootstrap: (rig) => priorities(rig.more),
    cases: {
      "half a priority down spills 30 % to the next": shared("failover", 15, 1000),
      "a priority that is down leaves everything to the next": shared("standby", 5, 100),
      "panic uses all hosts, and counts it": shared("panic", 33, 300),
      "healthy_panic_threshold 0 leaves nobody": refused("no-panic"),
      "fail_traffic_on_panic leaves nobody": refused("fail-panic"),
      "degraded hosts get what healthy ones cannot take": shared("degraded", 20, 1000),
      "draining hosts count neither for nor against their priority": shared("draining", 5, 100),
      "localities share by weight": shared("localities", 5, 100),
      "a locality with hosts down weighs less": shared("localities-ailing", 5, 1000),
      "weights of localities mean nothing unless asked for": shared("localities-unasked", 5, 100),
      "a cluster without hosts": refused("empty"),
      "drop_overloads of 100 % drops every request": refused("dropping"),
      "drop_overloads of 50 % drops some": async (stage) => {
        for (;;) {
          const { lines } = await stage.exchange("GET /dropping-half/ HTTP/1.1\r\nhost: a\r\n\r\n");
          if (lines[0]?.includes("503")) return [...lines];
        }
      },
    },
  }),
];
