import { mkdirSync, writeFileSync } from "node:fs";
import { Child } from "./child.ts";
import { withFreePort } from "./free-port.ts";
import { localhostAddresses } from "./localhost.ts";
import { peerPath } from "./peers.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { untilListening } from "./until-listening.ts";

/** A real nginx whose only server demands a PROXY header and answers with the addresses that it found in it. */
export class Nginx implements AsyncDisposable {
  /** Where it listens, on all addresses of localhost. */
  readonly port: number;
  readonly child: Child;
  readonly #folder: TemporaryFolder;

  constructor(port: number, child: Child, folder: TemporaryFolder) {
    this.port = port;
    this.child = child;
    this.#folder = folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop("SIGTERM");
    this.#folder[Symbol.dispose]();
  }
}

const answer =
  "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port";

export async function startNginxReader(): Promise<Nginx> {
  const hosts = localhostAddresses();
  return withFreePort(async (port) => {
    const folder = temporaryFolder();
    mkdirSync(folder.file("tmp"));
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const lines = [
      "daemon off;",
      "master_process off;",
      `pid ${folder.file("pid")};`,
      "error_log stderr warn;",
      "events {}",
      "http {",
      "  access_log off;",
      ...temporary.map((name) => `  ${name}_temp_path ${folder.file(`tmp/${name}`)};`),
      "  server {",
      ...hosts.map((host) => `    listen ${host}:${port} proxy_protocol;`),
      `    location / { return 200 "${answer}"; }`,
      "  }",
      "}",
    ];
    writeFileSync(folder.file("nginx.conf"), `${lines.join("\n")}\n`);
    const child = new Child(peerPath("nginx"), [
      "-p",
      folder.path,
      "-c",
      folder.file("nginx.conf"),
      "-e",
      "stderr",
    ]);
    try {
      await untilListening(child, port);
      return new Nginx(port, child, folder);
    } catch (error) {
      await child.stop("SIGKILL");
      folder[Symbol.dispose]();
      throw error;
    }
  });
}
