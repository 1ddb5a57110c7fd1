import { createInterface } from "node:readline";
import { systemClock } from "../src/base/clock.ts";
import { envoyReferences } from "../src/config/envoy-references.ts";
import { Fleet } from "../src/fleet/fleet.ts";
import { loadDescriptors } from "../src/schema/load.ts";
import type { Message } from "../src/schema/message.ts";
import { Schema } from "../src/schema/schema.ts";
import { createAdsServer } from "../src/server/ads-server.ts";
import { makeResource, type Resource } from "../src/snapshot/resource.ts";
import { makeRevision } from "../src/snapshot/revision.ts";
import { Snapshot } from "../src/snapshot/snapshot.ts";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from "../src/xds/type-traits.ts";

/**
 * Serves one group of resources over ADS, with the book-keeping of `chancery serve` switched on, started and driven like
 * peers/gcp, whose words tell what there is. `collect` needs `--expose-gc`.
 */
// The flags are spelled as Go spells them, so that both servers are started alike; clients choose the mode.
const flag = (name: string) => {
  const at = process.argv.indexOf(`-${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const count = Number(flag("clusters") ?? 1000);
const content = flag("content") ?? "clusters";
const endpointCount = Number(flag("endpoints") ?? 1);
const padding = Number(flag("bytes") ?? 0);
const schema = new Schema(loadDescriptors());

const pad = (index: number) => String(index).padStart(5, "0");

function resource(typeUrl: string, name: string, message: Message): Resource {
  const typeName = typeUrl.slice(typeUrl.indexOf("/") + 1);
  return makeResource({ typeUrl, name, bytes: schema.encode(typeName, message) });
}

function typed(typeName: string, message: Message): Message {
  return { type_url: `type.googleapis.com/${typeName}`, value: schema.encode(typeName, message) };
}

/** The same messages, field by field, as in peers/gcp. */
function staticCluster(index: number, port: number): Resource {
  const name = `cluster-${pad(index)}`;
  const socket_address = { address: "127.0.0.1", port_value: port };
  const lb_endpoints = [{ endpoint: { address: { socket_address } } }];
  return resource(CLUSTER, name, {
    name,
    type: "STATIC",
    connect_timeout: { nanos: 250_000_000 },
    load_assignment: {
      cluster_name: name,
      endpoints: [
        padding > 0 ? { locality: { region: "x".repeat(padding) }, lb_endpoints } : { lb_endpoints },
      ],
    },
  });
}

const aggregated = { resource_api_version: "V3", ads: {} };

function endpointCluster(index: number): Resource {
  const name = `cluster-${pad(index)}`;
  return resource(CLUSTER, name, {
    name,
    type: "EDS",
    connect_timeout: { nanos: 250_000_000 },
    eds_cluster_config: { eds_config: aggregated },
  });
}

function assignment(index: number, zone: string): Resource {
  const cluster_name = `cluster-${pad(index)}`;
  const lb_endpoints = Array.from({ length: endpointCount }, (_, number) => ({
    endpoint: {
      address: {
        socket_address: { address: `10.${index >> 8}.${index & 255}.${number + 1}`, port_value: 8080 },
      },
    },
  }));
  return resource(ENDPOINTS, cluster_name, {
    cluster_name,
    endpoints: [{ locality: { region: "eu", zone }, lb_endpoints }],
  });
}

function listener(index: number): Resource {
  const name = `listener-${pad(index)}`;
  const filters = "envoy.extensions.filters";
  return resource(LISTENER, name, {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 10_000 + index } },
    filter_chains: [
      {
        filters: [
          {
            name: "http",
            typed_config: typed(`${filters}.network.http_connection_manager.v3.HttpConnectionManager`, {
              stat_prefix: "ingress",
              rds: { route_config_name: `route-${pad(index)}`, config_source: aggregated },
              http_filters: [{ name: "router", typed_config: typed(`${filters}.http.router.v3.Router`, {}) }],
            }),
          },
        ],
      },
    ],
  });
}

function route(index: number): Resource {
  const name = `route-${pad(index)}`;
  const routes = [{ match: { prefix: "/" }, route: { cluster: `cluster-${pad(index * 10)}` } }];
  return resource(ROUTES, name, { name, virtual_hosts: [{ name: "all", domains: ["*"], routes }] });
}

function list(length: number, make: (index: number) => Resource): Resource[] {
  return Array.from({ length }, (_, index) => make(index));
}

/** What is served at first: what changes, and what does not. */
const changing = list(count, (index) =>
  content === "clusters" ? staticCluster(index, 1) : assignment(index, ""),
);
const constant =
  content === "mixed"
    ? [...list(count, endpointCluster), ...list(count / 10, listener), ...list(count / 10, route)]
    : [];

const fleet = new Fleet({
  resourcesOf: (_group, typeUrl) => snapshot.typeSet(typeUrl).resources,
});
const server = createAdsServer({
  address: "127.0.0.1:0",
  referencesOf: envoyReferences(schema),
  onEvent: (event) => fleet.apply(event),
});
let snapshot = Snapshot.of([...constant, ...changing]);

function publish(): void {
  const groups = [{ name: "default", match: {}, snapshot }];
  server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: systemClock.now() }));
}

function collect(): void {
  if (!globalThis.gc) throw new Error("node runs without --expose-gc");
  // Weak references and what they held go in more than one round.
  for (let round = 0; round < 3; round += 1) globalThis.gc();
}

publish();
const { port } = await server.start();
console.log(`listening ${port}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [command, text = "", made = ""] = line.split(" ");
  if (command === "collect") {
    collect();
    console.log("collected");
    continue;
  }
  const number = Number(text);
  const index = number % count;
  snapshot = snapshot.with([
    content === "clusters" ? staticCluster(index, 1 + number) : assignment(index, made),
  ]);
  publish();
  console.log(`updated ${number}`);
}
