import { mkdirSync } from "node:fs";
import { Child } from "./child.ts";
import { type ConfiguredPeer, startConfigured } from "./configured-peer.ts";
import { localhostAddresses } from "./localhost.ts";
import { peerPath } from "./peers.ts";

const answer =
  "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port";

/** A real nginx whose only server, on all addresses of localhost, demands a PROXY header and answers with the addresses that it found in it. */
export async function startNginxReader(): Promise<ConfiguredPeer> {
  const hosts = localhostAddresses();
  return startConfigured((port, folder) => {
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
    const file = folder.put("nginx.conf", `${lines.join("\n")}\n`);
    return new Child(peerPath("nginx"), ["-p", folder.path, "-c", file, "-e", "stderr"]);
  });
}
