import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { peerPath } from "../../test/kit/peers.ts";
import type { Command } from "../kit/program.ts";

/** Each relay as a command, made from a scratch folder, the port to listen on, and the backend's port. All write a V1 header. */
export const relayCommands: Readonly<
  Record<string, (folder: string, port: number, backend: number) => Command>
> = {
  chancery: (folder, port, backend) => {
    const main = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));
    return [process.execPath, main, "proxy", "-c", writeBootstrap(folder, port, backend), "-l", "warning"];
  },
  envoy: (folder, port, backend) => [
    peerPath("envoy"),
    "-c",
    writeBootstrap(folder, port, backend),
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "-l",
    "warning",
  ],
  haproxy: (folder, port, backend) => {
    const path = join(folder, "haproxy.cfg");
    writeFileSync(
      path,
      `global
  nbthread 1
  maxconn 9000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:${port}
  maxconn 9000
  default_backend back
backend back
  server one 127.0.0.1:${backend} send-proxy
`,
    );
    return [peerPath("haproxy"), "-db", "-f", path];
  },
};

const extension = (type: string) => `type.googleapis.com/envoy.extensions.${type}`;

function writeBootstrap(folder: string, port: number, backend: number): string {
  const path = join(folder, `bootstrap-${port}.json`);
  const address = (value: number) => ({ socket_address: { address: "127.0.0.1", port_value: value } });
  const tcpProxy = {
    "@type": extension("filters.network.tcp_proxy.v3.TcpProxy"),
    stat_prefix: "front",
    cluster: "back",
  };
  const listener = {
    name: "front",
    address: address(port),
    filter_chains: [{ filters: [{ name: "tcp", typed_config: tcpProxy }] }],
  };
  const header = {
    "@type": extension("transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"),
    config: { version: "V1" },
    transport_socket: {
      name: "envoy.transport_sockets.raw_buffer",
      typed_config: { "@type": extension("transport_sockets.raw_buffer.v3.RawBuffer") },
    },
  };
  const cluster = {
    name: "back",
    type: "STATIC",
    connect_timeout: "5s",
    // Idle connections are counted by the thousand; the defaults are 1,024.
    circuit_breakers: { thresholds: [{ max_connections: 100_000, max_pending_requests: 100_000 }] },
    load_assignment: {
      cluster_name: "back",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backend) } }] }],
    },
    transport_socket: { name: "envoy.transport_sockets.upstream_proxy_protocol", typed_config: header },
  };
  writeFileSync(path, JSON.stringify({ static_resources: { listeners: [listener], clusters: [cluster] } }));
  return path;
}
