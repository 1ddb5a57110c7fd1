import { writeFileSync } from "node:fs";
import { Child } from "./child.ts";
import { withFreePort } from "./free-port.ts";
import { peerPath } from "./peers.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { untilListening } from "./until-listening.ts";

/** A real HAProxy with one frontend. */
export class HaProxy implements AsyncDisposable {
  /** Where the frontend listens, on 127.0.0.1. */
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

/** An HTTP frontend that demands a PROXY header and answers with the addresses that it found in it. */
export async function startHaProxyReader(): Promise<HaProxy> {
  return start((port) => [
    "frontend reader",
    "  mode http",
    `  bind 127.0.0.1:${port} accept-proxy`,
    '  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]"',
  ]);
}

/**
 * A TCP frontend that demands a PROXY header, and passes the connection on with one of its own of the given version and the same
 * addresses to 127.0.0.1:`targetPort`.
 */
export async function startHaProxyWriter(version: "V1" | "V2", targetPort: number): Promise<HaProxy> {
  return start((port) => [
    "frontend writer",
    "  mode tcp",
    `  bind 127.0.0.1:${port} accept-proxy`,
    "  default_backend target",
    "backend target",
    "  mode tcp",
    `  server target 127.0.0.1:${targetPort} ${version === "V1" ? "send-proxy" : "send-proxy-v2"}`,
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
