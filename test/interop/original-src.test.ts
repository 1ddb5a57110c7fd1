import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Child } from "../kit/child.ts";
import type { JsonObject } from "../kit/json.ts";
import { addresses, needsNamespaces, TestNetwork } from "../kit/network-namespaces.ts";
import { needs, peerPath } from "../kit/peers.ts";
import { temporaryFolder, type TemporaryFolder } from "../kit/temporary-folder.ts";
import { any, bootstrap, connectionManager, route, routerFilter, tcpProxy } from "../parity/bootstrap.ts";

const UPSTREAM_PORT = 9000;
const peer = fileURLToPath(import.meta.resolve("./namespace-peer.js"));
const main = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));

const listenerFilter = {
  name: "original_src",
  typed_config: any("envoy.extensions.filters.listener.original_src.v3.OriginalSrc"),
};
const httpFilter = {
  name: "original_src",
  typed_config: any("envoy.extensions.filters.http.original_src.v3.OriginalSrc"),
};

/** For each family a port for TCP, one for HTTP by listener filter, one for HTTP by request. */
function listeners(family: "IPv4" | "IPv6"): JsonObject[] {
  const manager = (more: JsonObject = {}) => connectionManager([route("/", family)], more);
  const chains = [
    { port: 8001, filters: [tcpProxy(family)], listener_filters: [listenerFilter] },
    { port: 8002, filters: [manager()], listener_filters: [listenerFilter] },
    { port: 8003, filters: [manager({ http_filters: [httpFilter, routerFilter] })], listener_filters: [] },
  ];
  return chains.map(({ port, filters, listener_filters }) => ({
    name: `${family}-${port}`,
    address: { socket_address: { address: addresses[family].proxy, port_value: port } },
    listener_filters,
    filter_chains: [{ filters }],
  }));
}

function cluster(family: "IPv4" | "IPv6"): JsonObject {
  const address = { socket_address: { address: addresses[family].upstream, port_value: UPSTREAM_PORT } };
  return {
    name: family,
    connect_timeout: "2s",
    load_assignment: {
      cluster_name: family,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

const planes = [
  {
    name: "the bundled data plane",
    rights: needsNamespaces(),
    program: (file: string) => [process.execPath, main, "proxy", "-c", file],
    ready: /all listeners are open/,
  },
  {
    name: "Envoy",
    rights: { ...needsNamespaces(), ...needs("envoy") },
    program: (file: string) => [peerPath("envoy"), "-c", file, "--disable-hot-restart", "--concurrency", "1"],
    ready: /starting main dispatch loop/,
  },
];

for (const plane of planes) {
  describe(`original_src of ${plane.name} in a network of its own`, plane.rights, () => {
    let network: TestNetwork;
    const children: Child[] = [];
    let folder: TemporaryFolder;

    before(async () => {
      folder = temporaryFolder();
      network = await TestNetwork.create();
      await network.allowForeignSources();
      const file = folder.file("bootstrap.json");
      const both = ["IPv4", "IPv6"] as const;
      writeFileSync(file, JSON.stringify(bootstrap(both.flatMap(listeners), both.map(cluster))));
      const upstream = network.start("upstream", [process.execPath, peer, "upstream", String(UPSTREAM_PORT)]);
      const proxy = network.start("proxy", plane.program(file));
      children.push(upstream, proxy);
      await upstream.outputHas(/listening/);
      await proxy.outputHas(plane.ready);
    });

    after(async () => {
      for (const child of children) await child.stop();
      await network[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    const rows = [
      ["TCP by listener filter (PP-75)", 8001, "hello"],
      ["HTTP by listener filter (PP-79)", 8002, "GET / HTTP/1.1\\nhost: a\\nconnection: close\\n\\n"],
      ["HTTP by request (PP-80)", 8003, "GET / HTTP/1.1\\nhost: a\\nconnection: close\\n\\n"],
    ] as const;
    for (const family of ["IPv4", "IPv6"] as const) {
      for (const [story, port, text] of rows) {
        it(`shows the upstream the client's address: ${family}, ${story}`, async () => {
          const { client, proxy } = addresses[family];
          const program = [process.execPath, peer, "client", proxy, String(port), text];
          await using sender = network.start("client", program);
          await sender.exit();
          assert.match(sender.stdout, new RegExp(`^peer ${client}$`, "m"), sender.output());
        });
      }
    }
  });
}
