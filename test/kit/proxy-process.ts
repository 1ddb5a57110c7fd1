import { readFileSync, writeFileSync } from "node:fs";
import { AdminClient } from "./admin-client.ts";
import type { Child } from "./child.ts";
import type { JsonObject } from "./json.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
import { until } from "./within.ts";

/** A proxy, Envoy or the bundled one, on a bootstrap of the test's own. */
export class ProxyProcess implements AsyncDisposable {
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

/** Starts the program with the bootstrap's file, and the file into which it is to write its admin address. */
export type SpawnProxy = (files: { readonly bootstrap: string; readonly adminAddress: string }) => Child;

/**
 * Starts a proxy and waits until it is live, unless its resources come late (`untilLive: false`). The admin interface is added to the
 * bootstrap, on a port of its choice; listeners should use port 0 too and be asked for with `admin.listenerPort(name)`. Throws with
 * the log when the proxy ends.
 */
export async function startProxyProcess(
  bootstrap: JsonObject,
  spawn: SpawnProxy,
  options: { readonly untilLive?: boolean } = {},
): Promise<ProxyProcess> {
  const folder = temporaryFolder();
  const files = { bootstrap: writeBootstrap(folder, bootstrap), adminAddress: folder.file("admin-address") };
  const child = spawn(files);
  try {
    const address = await until(
      20_000,
      () => `the proxy gives its admin address\n${child.output()}`,
      async () => {
        await failWhenEnded(child);
        return readIfThere(files.adminAddress);
      },
    );
    const admin = new AdminClient(`http://${address}`);
    if (options.untilLive ?? true) {
      await until(
        20_000,
        () => `the proxy is live\n${child.output()}`,
        async () => {
          await failWhenEnded(child);
          return (await admin.isReady()) || undefined;
        },
      );
    }
    return new ProxyProcess(admin, child, folder);
  } catch (error) {
    await child.stop("SIGKILL");
    folder[Symbol.dispose]();
    throw error;
  }
}

/** Writes the bootstrap, with an admin interface on a port of the proxy's choice unless it has one, and returns its path. */
export function writeBootstrap(folder: TemporaryFolder, bootstrap: JsonObject): string {
  const admin = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
  const file = folder.file("bootstrap.json");
  writeFileSync(file, JSON.stringify({ admin, ...bootstrap }));
  return file;
}

/** After the exit, since only then all that it logged is here. */
async function failWhenEnded(child: Child): Promise<void> {
  if (!child.isRunning) throw new Error(`the proxy ended with ${await child.exit()}\n${child.output()}`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined; // Not written yet.
  }
}
