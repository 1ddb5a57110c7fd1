import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { any, bootstrap, connectionManager, listener, route, tcpProxy } from "../bootstrap.ts";
import { farmCluster, letters, shares, startFarm, type Farm } from "../lettered.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const thousand = Array.from({ length: 1000 }, () => "");
const users = Array.from({ length: 60 }, (_, user) => `x-user: user-${user}`);

/** Turned so that it begins with its smallest rotation: where a round begins differs from start to start. */
function rotation(round: string): string {
  return Array.from(round, (_letter, at) => round.slice(at) + round.slice(0, at)).sort()[0] ?? "";
}

const hashed: JsonObject = { hash_policy: [{ header: { header_name: "x-user" } }] };
const extension = (name: string, fields: JsonObject = {}): JsonObject => ({
  load_balancing_policy: {
    policies: [
      {
        typed_extension_config: {
          name,
          typed_config: any(`envoy.extensions.load_balancing_policies.${name}`, fields),
        },
      },
    ],
  },
});

function policies({ farm }: Farm): JsonObject {
  const even = { lb_endpoints: ["a", "b", "c", "d"].map((letter) => farm.endpoint(letter)) };
  const weighted = {
    lb_endpoints: [
      farm.endpoint("a", { weight: 1 }),
      farm.endpoint("b", { weight: 2 }),
      farm.endpoint("c", { weight: 4 }),
    ],
  };
  const byWeight = { active_request_bias: { default_value: 0, runtime_key: "bias" } };
  const clusters: readonly (readonly [name: string, locality: JsonObject, more: JsonObject])[] = [
    ["even", even, {}],
    ["weighted", weighted, {}],
    ["random", even, { lb_policy: "RANDOM" }],
    ["least", even, { lb_policy: "LEAST_REQUEST" }],
    ["least-weighted", weighted, { lb_policy: "LEAST_REQUEST", least_request_lb_config: byWeight }],
    ["ring", even, { lb_policy: "RING_HASH" }],
    ["ring-weighted", weighted, { lb_policy: "RING_HASH" }],
    [
      "ring-murmur",
      even,
      { lb_policy: "RING_HASH", ring_hash_lb_config: { hash_function: "MURMUR_HASH_2" } },
    ],
    [
      "ring-small",
      weighted,
      extension("ring_hash.v3.RingHash", { minimum_ring_size: 3, maximum_ring_size: 9 }),
    ],
    ["maglev", even, { lb_policy: "MAGLEV" }],
    ["maglev-weighted", weighted, extension("maglev.v3.Maglev", { table_size: 101 })],
  ];
  return bootstrap(
    [
      listener("in", [connectionManager(clusters.map(([name]) => route(`/${name}/`, name, hashed)))]),
      listener("sticky", [tcpProxy("ring", { hash_policy: [{ source_ip: {} }] })]),
    ],
    clusters.map(([name, locality, more]) => farmCluster(name, [locality], more)),
  );
}

const byHash = (cluster: string) => async (stage: Stage) => letters(stage, `${cluster}/`, users);

export const scenes: readonly Scene[] = [
  sceneWith(startFarm("abcd"), {
    area: "balancing",
    name: "policies",
    bootstrap: (rig) => policies(rig.more),
    cases: {
      "ROUND_ROBIN gives each host its turn": async (stage) =>
        rotation(await letters(stage, "even/", thousand.slice(0, 8))),
      "ROUND_ROBIN gives weights their share, evenly spread": async (stage) => {
        const answered = await letters(stage, "weighted/", thousand.slice(0, 700));
        return { shares: shares(answered, 1), round: rotation(answered.slice(350, 357)) };
      },
      "RANDOM gives each host about a quarter": async (stage) =>
        shares(await letters(stage, "random/", thousand), 25),
      "LEAST_REQUEST gives each idle host about a quarter": async (stage) =>
        shares(await letters(stage, "least/", thousand), 25),
      "LEAST_REQUEST gives weights their share": async (stage) =>
        shares(await letters(stage, "least-weighted/", thousand), 5),
      "RING_HASH gives one host to one hash": byHash("ring"),
      "RING_HASH with weights": byHash("ring-weighted"),
      "RING_HASH with MurmurHash2": byHash("ring-murmur"),
      "RING_HASH on a small ring, as an extension": byHash("ring-small"),
      "MAGLEV gives one host to one hash": byHash("maglev"),
      "MAGLEV with weights and a table of its own, as an extension": byHash("maglev-weighted"),
      "a hash policy of tcp_proxy goes by the source address": async (stage) => {
        const answered: string[] = [];
        for (let last = 1; last <= 20; last += 1) {
          const client = await stage.connect("sticky", { from: `127.0.0.${last}` });
          client.write("hello\n");
          answered.push((await client.receivedThat((bytes) => bytes.length > 0)).toString());
        }
        return answered.join("");
      },
      "gauges of ring and table": async (stage) => {
        const lines = await stage.admin.stats("(ring_hash|maglev)_lb");
        return [...lines].map(([name, value]): JsonValue => ({ name, value }));
      },
    },
  }),
];
