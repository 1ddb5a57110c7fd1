import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ask, chancery, end } from "./program.ts";

/** A rollout that is over, as `/api/v1/rollout/history` tells it. */
export interface EndedRollout {
  readonly number: number;
  readonly result: string;
  readonly reason: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly refusals: readonly { readonly node: string; readonly atMs: number; readonly message: string }[];
}

/** A node, as `/api/v1/nodes` tells it. */
interface NodeStatus {
  readonly streamCount: number;
  readonly types: readonly { readonly state: string }[];
}

/** `chancery serve` of a repository, on free ports. */
export class ControlPlaneProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** `127.0.0.1:18000`. */
  readonly xdsAddress: string;
  readonly adminAddress: string;

  private constructor(child: ChildProcess, xdsAddress: string, adminAddress: string) {
    this.#child = child;
    this.xdsAddress = xdsAddress;
    this.adminAddress = adminAddress;
  }

  /** Resolves when both addresses are listened on. Rejects with the log when the program ends before. */
  static async start(url: string, stateFolder: string, signal: AbortSignal): Promise<ControlPlaneProcess> {
    const free = ["--xds-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"];
    const args = ["serve", url, "--state-dir", stateFolder, "--log-format", "json", ...free];
    const child = spawn(process.execPath, [chancery, ...args], { stdio: ["ignore", "pipe", "pipe"], signal });
    child.on("error", () => {});
    const log: string[] = [];
    const addresses = new Map<string, string>();
    for await (const line of createInterface({ input: child.stdout })) {
      log.push(line);
      const { msg, address } = JSON.parse(line) as { readonly msg?: string; readonly address?: string };
      if (msg && address !== undefined) addresses.set(msg, address);
      const xds = addresses.get("xDS is served");
      const admin = addresses.get("admin API is served");
      if (xds === undefined || admin === undefined) continue;
      child.stdout.resume();
      child.stderr.resume();
      return new ControlPlaneProcess(child, xds, admin);
    }
    throw new Error(`chancery serve ended:\n${log.join("\n")}`);
  }

  /** Has the repository looked at now; gives what a person would read of it. */
  reconcile(): Promise<string> {
    return ask("reconcile", "--admin-address", this.adminAddress);
  }

  /** The rollouts that are over. */
  async history(): Promise<readonly EndedRollout[]> {
    const { items } = JSON.parse(
      await ask("rollout", "history", "-o", "json", "--admin-address", this.adminAddress),
    ) as { readonly items: readonly EndedRollout[] };
    return items;
  }

  /** Resolves to the number of milliseconds that it took until so many nodes hold all that they should. */
  async untilSynced(count: number, signal: AbortSignal): Promise<number> {
    const startMs = performance.now();
    const events = await fetch(`http://${this.adminAddress}/api/v1/events?after=0`, { signal });
    for await (const _ of events.body ?? []) {
      if ((await this.#synced(signal)) >= count) return performance.now() - startMs;
    }
    throw new Error("the control plane ended its stream of events");
  }

  async #synced(signal: AbortSignal): Promise<number> {
    const answer = await fetch(`http://${this.adminAddress}/api/v1/nodes`, { signal });
    const { items } = (await answer.json()) as { readonly items: readonly NodeStatus[] };
    return items.filter(
      ({ streamCount, types }) =>
        streamCount > 0 && types.length > 0 && types.every(({ state }) => state === "SYNCED"),
    ).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#child);
  }
}
