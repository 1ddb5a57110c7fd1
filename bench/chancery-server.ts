import { createInterface } from "node:readline";
import { systemClock } from "../src/base/clock.ts";
import { envoyReferences } from "../src/config/envoy-references.ts";
import { Fleet } from "../src/fleet/fleet.ts";
import { loadDescriptors } from "../src/schema/load.ts";
import { Schema } from "../src/schema/schema.ts";
import { createAdsServer } from "../src/server/ads-server.ts";
import { makeResource, type Resource } from "../src/snapshot/resource.ts";
import { makeRevision } from "../src/snapshot/revision.ts";
import { Snapshot } from "../src/snapshot/snapshot.ts";
import { CLUSTER } from "../src/xds/type-traits.ts";

/**
 * Serves one group of clusters over ADS, with the book-keeping of `chancery serve` switched on, driven by the same
 * lines as peers/gcp: `update N` changes one cluster.
 */
// The flags are spelled as Go spells them, so that both servers are started alike; clients choose the mode.
const count = Number(process.argv[process.argv.indexOf("-clusters") + 1]);
const schema = new Schema(loadDescriptors());

/** The same message, field by field, as `cluster` of peers/gcp. */
function cluster(index: number, port: number): Resource {
  const name = `cluster-${String(index).padStart(5, "0")}`;
  const socket_address = { address: "127.0.0.1", port_value: port };
  const bytes = schema.encode("envoy.config.cluster.v3.Cluster", {
    name,
    type: "STATIC",
    connect_timeout: { nanos: 250_000_000 },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address } } }] }],
    },
  });
  return makeResource({ typeUrl: CLUSTER, name, bytes });
}

const fleet = new Fleet({ resourcesOf: () => snapshot?.typeSet(CLUSTER).resources ?? new Map() });
const server = createAdsServer({
  address: "127.0.0.1:0",
  referencesOf: envoyReferences(schema),
  onEvent: (event) => fleet.apply(event),
});
const clusters = Array.from({ length: count }, (_, index) => cluster(index, 1));
let snapshot: Snapshot | undefined;

function publish(): void {
  snapshot = Snapshot.of(clusters, snapshot);
  const groups = [{ name: "default", match: {}, snapshot }];
  server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: systemClock.now() }));
}

publish();
const { port } = await server.start();
console.log(`listening ${port}`);
for await (const line of createInterface({ input: process.stdin })) {
  const number = Number(line.split(" ")[1]);
  clusters[number % count] = cluster(number % count, 1 + number);
  publish();
  console.log(`updated ${number}`);
}
