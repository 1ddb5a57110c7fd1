import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LineProcess } from "./line-process.ts";

/** What a server serves: flags of peers/gcp by name, without the dash. */
export type Content = Readonly<Record<string, string | number>>;

/** An xDS server that can be measured, driven by lines (see peers/gcp). */
export interface Contestant {
  readonly name: string;
  start(content: Content): LineProcess;
}

export interface FleetOptions extends Content {
  readonly streams: number;
  readonly mode: "sotw" | "delta";
}

/** What a benchmark of xDS servers has: Chancery, go-control-plane, and a program that is a fleet of clients. */
export interface XdsBench {
  readonly contestants: readonly Contestant[];
  /** `stalled` and other flags without a value are given as "". */
  startFleet(port: string, options: FleetOptions): LineProcess;
}

const args = (flags: Content): string[] =>
  Object.entries(flags).map(([name, value]) => (value === "" ? `-${name}` : `-${name}=${value}`));

/** Builds the peers. One core each for a server and the fleet: Node serves from one thread, so Go gets one too. */
export function buildXdsBench(): XdsBench {
  const output = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  execFileSync("go", ["build", "-o", `${output}/`, "./..."], {
    cwd: fileURLToPath(import.meta.resolve("#root/bench/peers")),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const script = fileURLToPath(new URL("../chancery-server.js", import.meta.url));
  const oneCore = { ...process.env, GOMAXPROCS: "1" };
  return {
    contestants: [
      {
        name: "chancery",
        start: (content) =>
          new LineProcess(process.execPath, [
            "--expose-gc",
            script,
            ...Object.entries(content).flatMap(([name, value]) => [`-${name}`, String(value)]),
          ]),
      },
      {
        name: "go-control-plane",
        start: (content) => new LineProcess(join(output, "gcp"), args(content), oneCore),
      },
    ],
    startFleet: (port, options) =>
      new LineProcess(join(output, "load"), args({ target: `127.0.0.1:${port}`, ...options })),
  };
}
