import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ServeProcess } from "../kit/chancery-process.ts";
import { Child } from "../kit/child.ts";
import { keepRefused, servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";

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

/** `filters`: before the router. */
const listenersWith = (filters: string) => `listeners:
- name: shop.example
  api_listener:
    api_listener:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      stat_prefix: grpc
      rds: {route_config_name: shop-routes, config_source: ${ads}}
      http_filters: [${filters}{name: router, typed_config: {"@type": ${router}}}]
`;

const listeners = listenersWith("");

const routes = (cluster: string) => `routes:
- name: shop-routes
  virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: ""}, route: {cluster: ${cluster}}}]}]
`;

const clusters = (names: readonly string[], more = "") =>
  `clusters:\n${names.map((name) => `- {name: ${name}, type: EDS, eds_cluster_config: {eds_config: ${ads}}${more}}\n`).join("")}`;

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

  it("XDS-27 has a cluster that was there before it asked for it", async () => {
    using red = await startBackend("red");
    using blue = await startBackend("blue");
    using folder = servedFolder({
      "listeners.yaml": listeners,
      "routes.yaml": routes("red"),
      "clusters.yaml": clusters(["red", "blue"]),
      "endpoints.yaml": endpoints({ red: red.port, blue: blue.port }),
    });
    await using server = new ServeProcess(folder.path, folder.state);
    await using client = await startClient(server);
    await client.outputHas(/^red$/m);
    // The routes alone change: clusters and endpoints keep their versions.
    await server.accepted(() => folder.write("routes.yaml", routes("blue")));
    await client.outputHas(/^blue$/m);
    await server.accepted(() => folder.write("routes.yaml", routes("red")));
    await client.outputHas(/^red\nblue\nred$/m);
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

  it("XDS-13 XDS-25 is held up by no cluster that is missing, and tells its node once", async () => {
    using red = await startBackend("red");
    const two = `routes:
- name: shop-routes
  virtual_hosts:
  - name: all
    domains: ["*"]
    routes: [{match: {prefix: /none}, route: {cluster: none}}, {match: {prefix: ""}, route: {cluster: red}}]
`;
    using folder = servedFolder({
      "chancery.yaml": "bootstrap_clusters: [none]\n",
      "listeners.yaml": listeners,
      "routes.yaml": two,
      "clusters.yaml": clusters(["red"]),
      "endpoints.yaml": endpoints({ red: red.port }),
    });
    await using server = new ServeProcess(folder.path, folder.state, ["--log-level", "debug"]);
    await using client = await startClient(server);
    await client.outputHas(/^red$/m);
    const asked = server.lines.findLast(
      ({ msg, type_url }) => msg === "node subscribed" && String(type_url).endsWith(".Cluster"),
    );
    assert.equal(asked?.["names"], 2);
    assert.equal(server.lines.filter(({ msg }) => msg === "node connected").length, 1);
  });

  it("XDS-50 XDS-52 XDS-59 keeps what it had when it refuses, is not sent that again, and takes what is right", async () => {
    using red = await startBackend("red");
    using blue = await startBackend("blue");
    using folder = servedFolder({
      "chancery.yaml": keepRefused,
      "listeners.yaml": listeners,
      "routes.yaml": routes("red"),
      "clusters.yaml": clusters(["red"]),
      "endpoints.yaml": endpoints({ red: red.port }),
    });
    await using server = new ServeProcess(folder.path, folder.state);
    await using client = await startClient(server);
    await client.outputHas(/^red$/m);
    const listenerResponses = async () => {
      const { text } = await server.get("/metrics");
      const line = /^chancery_xds_responses_total\{type="Listener",result="(sent|nack)"\} (\d+)$/gm;
      return Array.from(text.matchAll(line), ([, , count]) => Number(count));
    };
    const [sent = 0] = await listenerResponses();
    const buffer = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer";
    const filter = `{name: buffer, typed_config: {"@type": ${buffer}, max_request_bytes: 1}}, `;
    await server.refusal(() => folder.write("listeners.yaml", listenersWith(filter)));
    // Another type goes on meanwhile; calls go where they went.
    folder.write("endpoints.yaml", endpoints({ red: blue.port }));
    await client.outputHas(/^blue$/m);
    assert.deepEqual(await listenerResponses(), [sent + 1, 1]);
    await server.accepted(() => folder.write("listeners.yaml", listeners));
    assert.deepEqual(await listenerResponses(), [sent + 2, 1]);
    assert.deepEqual(client.stdout.trim().split("\n"), ["red", "blue"]);
  });

  it("XDS-144 reports the loads of a cluster that asks for it", async () => {
    using red = await startBackend("red");
    using folder = servedFolder({
      "listeners.yaml": listeners,
      "routes.yaml": routes("red"),
      "clusters.yaml": clusters(["red"], ", lrs_server: {self: {}}"),
      "endpoints.yaml": endpoints({ red: red.port }),
    });
    await using server = new ServeProcess(folder.path, folder.state);
    await using client = await startClient(server);
    await client.outputHas(/^red$/m);
    await until(40_000, "its calls are counted", async () => {
      const { text } = await server.get("/api/v1/loads?node=grpc-1&cluster=red");
      return /"succeeded":[1-9]/.test(text) || undefined;
    });
  });
});
