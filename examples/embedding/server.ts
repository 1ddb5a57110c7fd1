import { once } from "node:events";
import { createAdsServer, envoyReferences, loadSchema, makeRevision, Snapshot } from "chancery";

const schema = loadSchema();
const typeName = "envoy.config.cluster.v3.Cluster";

/** A revision in which every node has these clusters. */
function revisionOf(...names: readonly string[]) {
  const resources = names.map((name) => ({
    typeUrl: `type.googleapis.com/${typeName}`,
    name,
    bytes: schema.encode(typeName, { name, connect_timeout: { seconds: "1" } }),
  }));
  const groups = [{ name: "all", match: {}, snapshot: Snapshot.of(resources) }];
  return makeRevision({ groups, source: { kind: "program" }, createdAtMs: Date.now() });
}

await using server = createAdsServer({
  address: process.env["XDS_ADDRESS"] ?? "127.0.0.1:18000",
  referencesOf: envoyReferences(schema), // Nothing is removed while a node still uses it.
  onEvent: (event) => {
    if (event.kind === "nacked") console.error(`refused: ${event.message}`);
  },
});
server.setRevision(revisionOf("payments", "users")); // Again, at any time: nodes are sent what changed.
const { port } = await server.start();
console.log(`xDS is served on port ${port}`);
await once(process, "SIGTERM"); // Leaving the scope drains the streams.
