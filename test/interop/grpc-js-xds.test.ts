import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ServeProcess } from "../kit/chancery-process.ts";
import { Child } from "../kit/child.ts";
import { servedFolder } from "../kit/served-folder.ts";

const program = fileURLToPath(import.meta.resolve("#root/dist/test/interop/grpc-js-xds-client.js"));
const raw = (bytes: Buffer) => bytes;

/** A gRPC server whose one method answers its name. */
async function startBackend(name: string) {
  const server = new Server();
  const path = "/test.Backend/Name";
  const codec = {
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
  server.addService(
    { Name: { path, requestStream: false, responseStream: false, ...codec } },
    {
      Name: (_call: unknown, callback: (error: null, answer: Buffer) => void) =>
        callback(null, Buffer.from(name)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, [Symbol.dispose]: () => server.forceShutdown() };
}

const ads = "{ads: {}, resource_api_version: V3}";
const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

const listeners = `listeners:
- name: shop.example
  api_listener:
    api_listener:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      stat_prefix: grpc
      rds: {route_config_name: shop-routes, config_source: ${ads}}
      http_filters: [{name: router, typed_config: {"@type": ${router}}}]
`;

const routes = (cluster: string) => `routes:
- name: shop-routes
  virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: ""}, route: {cluster: ${cluster}}}]}]
`;

const clusters = (names: readonly string[]) =>
  `clusters:\n${names.map((name) => `- {name: ${name}, type: EDS, eds_cluster_config: {eds_config: ${ads}}}\n`).join("")}`;

const endpoints = (ports: Readonly<Record<string, number>>) =>
  `endpoints:\n${Object.entries(ports)
    .map(
      ([name, port]) => `- cluster_name: ${name}
  endpoints:
  - locality: {region: here}
    load_balancing_weight: 1
    lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}]
`,
    )
    .join("")}`;

/** A client of `xds:///shop.example` that asks this server. */
async function startClient(server: ServeProcess): Promise<Child> {
  const config = {
    xds_servers: [
      { server_uri: `127.0.0.1:${await server.xdsPort()}`, channel_creds: [{ type: "insecure" }] },
    ],
    node: { id: "grpc-1", cluster: "shop", locality: {} },
  };
  return new Child(process.execPath, [program, "xds:///shop.example"], {
    env: { GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(config) },
  });
}

describe("grpc-js-xds as client", () => {
  it("XDS-1 XDS-24 resolves a target by listener, routes, cluster and endpoints, and follows changes of each", async () => {
    using red = await startBackend("red");
    using blue = await startBackend("blue");
    using green = await startBackend("green");
    using folder = servedFolder({
      "listeners.yaml": listeners,
      "routes.yaml": routes("red"),
      "clusters.yaml": clusters(["red"]),
      "endpoints.yaml": endpoints({ red: red.port }),
    });
    await using server = new ServeProcess(folder.path, folder.state);
    await using client = await startClient(server);
    await client.outputHas(/^red$/m);

    // Another endpoint of the same cluster.
    await server.accepted(() => folder.write("endpoints.yaml", endpoints({ red: blue.port })));
    await client.outputHas(/^blue$/m);

    // Another cluster behind the route.
    await server.accepted(() => {
      folder.write("clusters.yaml", clusters(["green"]));
      folder.write("endpoints.yaml", endpoints({ green: green.port }));
      folder.write("routes.yaml", routes("green"));
    });
    await client.outputHas(/^green$/m);
    assert.deepEqual(client.stdout.trim().split("\n"), ["red", "blue", "green"]);
  });

  it("XDS-26 resolves a target that is made only after it was asked for", async () => {
    using red = await startBackend("red");
    using folder = servedFolder({ "clusters.yaml": clusters([]) });
    await using server = new ServeProcess(folder.path, folder.state, ["--log-level", "debug"]);
    await using client = await startClient(server);
    await server.lineThat(({ msg, names }) => msg === "node subscribed" && names === 1);
    folder.write("clusters.yaml", clusters(["red"]));
    folder.write("endpoints.yaml", endpoints({ red: red.port }));
    folder.write("routes.yaml", routes("red"));
    folder.write("listeners.yaml", listeners);
    await client.outputHas(/^red$/m, 40_000);
  });
});
