import { readFileSync, writeFileSync } from "node:fs";
import { Child } from "./child.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { peerPath } from "./peers.ts";
import { AdminClient } from "./admin-client.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { until } from "./within.ts";

export interface EnvoyOptions {
  /** Worker threads; 1 unless given, so that nothing depends on which one a connection lands on. */
  readonly concurrency?: number;
  readonly args?: readonly string[];
  /** `warning` unless given. */
  readonly logLevel?: string;
  /** Do not wait for the server to be live: for bootstraps whose resources come late. */
  readonly untilLive?: boolean;
}

/** A real Envoy on a bootstrap of the test's own. */
export class Envoy implements AsyncDisposable {
  readonly admin: AdminClient;
  readonly child: Child;
  readonly #folder: TemporaryFolder;

  constructor(admin: AdminClient, child: Child, folder: TemporaryFolder) {
    this.admin = admin;
    this.child = child;
    this.#folder = folder;
  }

  /** What it logged, all of it. */
  get log(): string {
    return this.child.stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
    this.#folder[Symbol.dispose]();
  }
}

/**
 * Starts Envoy and waits until it is live. The admin interface is added to the bootstrap, on a port of its choice; listeners should
 * use port 0 too and be asked for with `admin.listenerPort(name)`. Throws with the log when it ends.
 */
export async function startEnvoy(bootstrap: JsonObject, options: EnvoyOptions = {}): Promise<Envoy> {
  const folder = temporaryFolder();
  const addressFile = folder.file("admin-address");
  const child = spawnEnvoy(withAdmin(bootstrap), folder, options, ["--admin-address-path", addressFile]);
  try {
    const what = (): string => `Envoy gives its admin address\n${child.output()}`;
    const address = await until(20_000, what, async () => {
      await failWhenEnded(child);
      return readIfThere(addressFile);
    });
    const admin = new AdminClient(`http://${address}`);
    if (options.untilLive ?? true) {
      await until(
        20_000,
        () => `Envoy is live\n${child.output()}`,
        async () => {
          await failWhenEnded(child);
          return (await admin.isReady()) || undefined;
        },
      );
    }
    return new Envoy(admin, child, folder);
  } catch (error) {
    await child.stop("SIGKILL");
    folder[Symbol.dispose]();
    throw error;
  }
}

/** Exit code and log of `envoy --mode validate` on a bootstrap. */
export async function validateWithEnvoy(bootstrap: JsonObject): Promise<{ exitCode: number; log: string }> {
  using folder = temporaryFolder();
  await using child = spawnEnvoy(withAdmin(bootstrap), folder, {}, ["--mode", "validate"]);
  const exitCode = await child.exit();
  return { exitCode, log: child.stdout + child.stderr };
}

function spawnEnvoy(
  bootstrap: JsonValue,
  folder: TemporaryFolder,
  options: EnvoyOptions,
  args: string[],
): Child {
  const file = folder.file("bootstrap.json");
  writeFileSync(file, JSON.stringify(bootstrap));
  return new Child(peerPath("envoy"), [
    "--config-path",
    file,
    "--disable-hot-restart",
    "--concurrency",
    String(options.concurrency ?? 1),
    "--log-level",
    options.logLevel ?? "warning",
    ...args,
    ...(options.args ?? []),
  ]);
}

function withAdmin(bootstrap: JsonObject): JsonObject {
  return { admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } }, ...bootstrap };
}

/** After the exit, since only then all that it logged is here. */
async function failWhenEnded(child: Child): Promise<void> {
  if (!child.isRunning) throw new Error(`Envoy ended with ${await child.exit()}\n${child.output()}`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined; // Not written yet.
  }
}
