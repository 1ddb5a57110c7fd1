import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { peerPath } from "../../test/kit/peers.ts";
import type { Command } from "../kit/program.ts";

/** Where a gateway listens: as Envoy is by default, and with the client's address told by `use_remote_address`. */
export interface GatewayPorts {
  readonly plain: number;
  readonly remoteAddress: number;
}

/** Each gateway as a command, made from a scratch folder, the ports to listen on, and the backend's port. All have one worker. */
export const gatewayCommands: Readonly<
  Record<string, (folder: string, ports: GatewayPorts, backend: number) => Command>
> = {
  chancery: (folder, ports, backend) => {
    const main = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));
    return [process.execPath, main, "proxy", "-c", writeBootstrap(folder, ports, backend), "-l", "warning"];
  },
  envoy: (folder, ports, backend) => [
    peerPath("envoy"),
    "-c",
    writeBootstrap(folder, ports, backend),
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "-l",
    "warning",
  ],
};

const extension = (type: string) => `type.googleapis.com/envoy.extensions.${type}`;
const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

function listener(name: string, port: number, more: object): object {
  const manager = {
    "@type": extension("filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: name,
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "back" } }] },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": extension("filters.http.router.v3.Router") } }],
    ...more,
  };
  return {
    name,
    address: address(port),
    filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
  };
}

function writeBootstrap(folder: string, ports: GatewayPorts, backend: number): string {
  const path = join(folder, `bootstrap-${ports.plain}.json`);
  const cluster = {
    name: "back",
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: {
      cluster_name: "back",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backend) } }] }],
    },
  };
  const listeners = [
    listener("plain", ports.plain, {}),
    listener("remote-address", ports.remoteAddress, { use_remote_address: true }),
  ];
  writeFileSync(path, JSON.stringify({ static_resources: { listeners, clusters: [cluster] } }));
  return path;
}
