import type { Child } from "./child.ts";
import { withFreePort } from "./free-port.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
import { untilListening } from "./until-listening.ts";

/** A program with a configuration of its own that says nothing when it listens. */
export interface ConfiguredPeer extends AsyncDisposable {
  readonly port: number;
  readonly child: Child;
}

/** Starts one on a free port; `run` writes what it needs into the folder, which is gone with it. */
export async function startConfigured(
  run: (port: number, folder: TemporaryFolder) => Child,
): Promise<ConfiguredPeer> {
  return withFreePort(async (port) => {
    const folder = temporaryFolder();
    const child = run(port, folder);
    try {
      await untilListening(child, port);
    } catch (error) {
      await child.stop("SIGKILL");
      folder[Symbol.dispose]();
      throw error;
    }
    return {
      port,
      child,
      async [Symbol.asyncDispose]() {
        // SIGUSR1 and SIGQUIT would drain and wait for idle connections.
        await child.stop("SIGTERM");
        folder[Symbol.dispose]();
      },
    };
  });
}
