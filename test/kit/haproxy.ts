import { writeFileSync } from "node:fs";
import { Child } from "./child.ts";
import { withFreePort } from "./free-port.ts";
import { localhostAddresses } from "./localhost.ts";
import { peerPath } from "./peers.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { untilListening } from "./until-listening.ts";

/** A real HAProxy with one frontend. */
export class HaProxy implements AsyncDisposable {
  /** Where the frontend listens; a reader does on all addresses of localhost, a writer on 127.0.0.1. */
  readonly port: number;
  readonly child: Child;
  readonly #folder: TemporaryFolder;

  constructor(port: number, child: Child, folder: TemporaryFolder) {
    this.port = port;
    this.child = child;
    this.#folder = folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGUSR1 would drain and wait for idle connections.
    await this.child.stop("SIGTERM");
    this.#folder[Symbol.dispose]();
  }
}

/**
 * An HTTP frontend that demands a PROXY header and answers with what it found in it: the addresses and ports of both ends, and the TLVs
 * AUTHORITY and UNIQUE_ID, empty when they are not there.
 */
export async function startHaProxyReader(): Promise<HaProxy> {
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
 * A TCP frontend that demands a PROXY header, and passes the connection on with one of its own of the given kind and the same
 * addresses to 127.0.0.1:`targetPort`.
 */
export async function startHaProxyWriter(header: HaProxyHeader, targetPort: number): Promise<HaProxy> {
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

async function start(configure: (port: number) => readonly string[]): Promise<HaProxy> {
  return withFreePort(async (port) => {
    const folder = temporaryFolder();
    const file = folder.file("haproxy.cfg");
    const timeouts = ["timeout connect 5s", "timeout client 30s", "timeout server 30s"];
    const lines = [
      "global",
      "  maxconn 100",
      "defaults",
      ...timeouts.map((line) => `  ${line}`),
      ...configure(port),
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const child = new Child(peerPath("haproxy"), ["-db", "-f", file]);
    try {
      await untilListening(child, port);
      return new HaProxy(port, child, folder);
    } catch (error) {
      await child.stop("SIGKILL");
      folder[Symbol.dispose]();
      throw error;
    }
  });
}
