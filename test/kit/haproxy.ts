import { Child } from "./child.ts";
import { type ConfiguredPeer, startConfigured } from "./configured-peer.ts";
import { localhostAddresses } from "./localhost.ts";
import { peerPath } from "./peers.ts";

/**
 * A real HAProxy with an HTTP frontend on all addresses of localhost that demands a PROXY header and answers with what it found in it: the addresses and ports of both ends, and the TLVs
 * AUTHORITY and UNIQUE_ID, empty when they are not there.
 */
export async function startHaProxyReader(): Promise<ConfiguredPeer> {
  const answer =
    "%[src] %[src_port] %[dst] %[dst_port] authority=%[fc_pp_authority] unique_id=%[fc_pp_unique_id]";
  const hosts = localhostAddresses();
  return start((port) => [
    "frontend reader",
    "  mode http",
    ...hosts.map((host) => `  bind ${host}:${port} accept-proxy`),
    `  http-request return status 200 content-type text/plain lf-string "${answer}"`,
  ]);
}

/** What HAProxy puts into its headers; the last one has the TLVs CRC32C and UNIQUE_ID (`id-203.0.113.9`). */
export type HaProxyHeader = "V1" | "V2" | "V2 with TLVs";

const sending: Readonly<Record<HaProxyHeader, string>> = {
  V1: "send-proxy",
  V2: "send-proxy-v2",
  "V2 with TLVs": "send-proxy-v2 proxy-v2-options crc32c,unique-id",
};

/**
 * A real HAProxy with a TCP frontend on 127.0.0.1 that demands a PROXY header, and passes the connection on with one of its own of the given kind and the same
 * addresses to 127.0.0.1:`targetPort`.
 */
export async function startHaProxyWriter(header: HaProxyHeader, targetPort: number): Promise<ConfiguredPeer> {
  return start((port) => [
    "frontend writer",
    "  mode tcp",
    `  bind 127.0.0.1:${port} accept-proxy`,
    "  unique-id-format id-%ci",
    "  default_backend target",
    "backend target",
    "  mode tcp",
    `  server target 127.0.0.1:${targetPort} ${sending[header]}`,
  ]);
}

async function start(configure: (port: number) => readonly string[]): Promise<ConfiguredPeer> {
  return startConfigured((port, folder) => {
    const timeouts = ["timeout connect 5s", "timeout client 30s", "timeout server 30s"];
    const lines = [
      "global",
      "  maxconn 100",
      "defaults",
      ...timeouts.map((line) => `  ${line}`),
      ...configure(port),
    ];
    return new Child(peerPath("haproxy"), ["-db", "-f", folder.put("haproxy.cfg", `${lines.join("\n")}\n`)]);
  });
}
