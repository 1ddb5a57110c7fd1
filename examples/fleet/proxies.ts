import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { ControlPlaneProcess } from "./control-plane.ts";
import { ask, chancery, end, root } from "./program.ts";

export interface ProxyOptions {
  readonly count: number;
  /** The binary of Envoy; undefined: the bundled proxy. */
  readonly envoy: string | undefined;
  readonly plane: ControlPlaneProcess;
  /** Where bootstraps are written. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Proxies that run until the scope ends. */
export interface Proxies extends AsyncDisposable {
  readonly count: number;
}

/** Starts `proxy-1`, `proxy-2`, … of the cluster `fleet`, each from what `chancery bootstrap` prints. */
export async function startProxies({ count, envoy, plane, folder, signal }: ProxyOptions): Promise<Proxies> {
  const children: ChildProcess[] = [];
  for (let index = 1; index <= count; index += 1) {
    const id = `proxy-${index}`;
    const file = join(folder, `${id}.yaml`);
    const bootstrap = ["bootstrap", "--node", id, "--cluster", "fleet", "--xds-address", plane.xdsAddress];
    await writeFile(file, await ask(...bootstrap));
    const [program, ...args] = envoy
      ? [envoy, "--disable-hot-restart", "--concurrency", "1", "--log-level", "off"]
      : [process.execPath, chancery, "proxy", "--log-level", "off"];
    const child = spawn(program!, [...args, "--config-path", file], { stdio: "ignore", signal });
    child.on("error", () => {});
    children.push(child);
  }
  return {
    count,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(children.map(end));
    },
  };
}

/** The binary that `ENVOY_BIN` names, that scripts/install-peers has installed, or that is in `PATH`. */
export function findEnvoy(env: NodeJS.ProcessEnv): string | undefined {
  const named = env["ENVOY_BIN"];
  const inPath = (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "envoy"));
  return [...(named ? [named] : []), ...installed(), ...inPath].find(isExecutable);
}

function installed(): string[] {
  const lib = join(root, ".peers/lib");
  try {
    return readdirSync(lib).map((python) => join(lib, python, "site-packages/envoy/_bin/envoy"));
  } catch {
    return []; // scripts/install-peers has not been run.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
