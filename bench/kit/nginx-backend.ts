import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { peerPath } from "../../test/kit/peers.ts";
import { type Program, startProgram } from "./program.ts";

/**
 * An nginx of one process, of which nothing is left when it is killed: `/` answers five bytes, `/bulk` 4 MiB.
 *
 * @param folder scratch space
 * @param listen what else stands in its `listen`, such as `proxy_protocol`
 */
export function startNginxBackend(folder: string, port: number, listen: string): Promise<Program> {
  const path = join(folder, "nginx.conf");
  writeFileSync(join(folder, "bulk"), Buffer.alloc(4 << 20, "x"));
  writeFileSync(
    path,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log error;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port} ${listen} backlog=4096;
    location = / { return 200 "hello"; }
    location = /bulk { root ${folder}; }
  }
}
`,
  );
  return startProgram([peerPath("nginx"), "-p", folder, "-c", path], port);
}
