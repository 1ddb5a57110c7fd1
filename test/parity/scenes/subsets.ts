import type { JsonObject } from "../../kit/json.ts";
import { bootstrap, connectionManager, listener, route, tcpProxy } from "../bootstrap.ts";
import type { HostFarm } from "../host-farm.ts";
import { farmCluster, letters, startFarm, type Farm } from "../lettered.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const match = (labels: JsonObject) => ({ metadata_match: { filter_metadata: { "envoy.lb": labels } } });

function labelled(farm: HostFarm, letter: string, labels: JsonObject): JsonObject {
  return farm.endpoint(letter, { labels });
}

function subsets({ farm }: Farm): JsonObject {
  const endpoints = [
    labelled(farm, "a", { stage: "prod", version: 1 }),
    labelled(farm, "b", { stage: "prod", version: 2 }),
    labelled(farm, "c", { stage: "dev", version: 1 }),
    farm.endpoint("d"),
  ];
  const selectors = [
    { keys: ["stage"] },
    { keys: ["stage", "version"], fallback_policy: "KEYS_SUBSET", fallback_keys_subset: ["stage"] },
    { keys: ["version"], fallback_policy: "ANY_ENDPOINT" },
  ];
  const cluster = (name: string, more: JsonObject) =>
    farmCluster(name, [{ lb_endpoints: endpoints }], {
      lb_subset_config: { subset_selectors: selectors, ...more },
    });
  const asks: readonly (readonly [path: string, labels: JsonObject])[] = [
    ["prod", { stage: "prod" }],
    ["prod-2", { stage: "prod", version: 2 }],
    ["prod-9", { stage: "prod", version: 9 }],
    ["version-9", { version: 9 }],
    ["test", { stage: "test" }],
    ["colour", { stage: "dev", colour: "red" }],
  ];
  const clusters = ["strict", "by-default"];
  const routes = clusters.flatMap((name) => [
    ...asks.map(([path, labels]) => route(`/${name}/${path}/`, name, match(labels))),
    route(`/${name}/`, name),
  ]);
  const canary = {
    match: { prefix: "/canary/" },
    route: {
      weighted_clusters: { clusters: [{ name: "strict", weight: 1, ...match({ stage: "dev" }) }] },
      ...match({ stage: "prod" }),
    },
  };
  return bootstrap(
    [
      listener("in", [connectionManager([canary, ...routes])]),
      listener("relay", [tcpProxy("strict", match({ stage: "dev" }))]),
    ],
    [
      cluster("strict", {}),
      cluster("by-default", {
        fallback_policy: "DEFAULT_SUBSET",
        default_subset: { version: 1 },
        locality_weight_aware: false,
      }),
    ],
  );
}

/** Sorted letters of so many requests: who may serve, whatever the turn. */
const served =
  (path: string, count = 4) =>
  async (stage: Stage) => {
    let found = "";
    const counted = await stage.counted("\\.lb_subsets_", async () => {
      found = (
        await letters(
          stage,
          path,
          Array.from({ length: count }, () => ""),
        )
      )
        .split("")
        .sort((a, b) => (a < b ? -1 : 1))
        .join("");
    });
    return { found, counted };
  };

export const scenes: readonly Scene[] = [
  sceneWith(startFarm("abcd"), {
    area: "clusters",
    name: "subsets",
    bootstrap: (rig) => subsets(rig.more),
    cases: {
      "a route asks for a subset": served("strict/prod/"),
      "two keys": served("strict/prod-2/", 2),
      "KEYS_SUBSET looks again with fewer keys": served("strict/prod-9/"),
      "ANY_ENDPOINT of a selector": served("strict/version-9/"),
      "a subset that is not there": served("strict/test/", 1),
      "keys of no selector": served("strict/colour/", 1),
      "nothing asked for, without a fallback": served("strict/", 1),
      "nothing asked for, with a default subset": served("by-default/"),
      "a subset that is not there, with a default subset": served("by-default/test/"),
      "a weighted cluster asks above its route": served("canary/", 2),
      "tcp_proxy asks for a subset": async (stage) => {
        const client = await stage.connect("relay");
        client.write("hello\n");
        return (await client.receivedThat((bytes) => bytes.length > 0)).toString();
      },
      "subsets that there are": async (stage) => {
        const stats = await stage.admin.stats("lb_subsets_(active|created|removed)");
        return Object.fromEntries(stats);
      },
    },
  }),
];
