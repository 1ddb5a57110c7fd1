import { Child } from "./child.ts";
import type { JsonObject } from "./json.ts";
import { peerPath } from "./peers.ts";
import { startProxyProcess, writeBootstrap, type ProxyProcess } from "./proxy-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface EnvoyOptions {
  /** Worker threads; 1 unless given, so that nothing depends on which one a connection lands on. */
  readonly concurrency?: number;
  readonly args?: readonly string[];
  /** `warning` unless given. */
  readonly logLevel?: string;
  /** Wait for the server to be live; true unless given. */
  readonly untilLive?: boolean;
}

/** Starts a real Envoy; see `startProxyProcess`. */
export async function startEnvoy(bootstrap: JsonObject, options: EnvoyOptions = {}): Promise<ProxyProcess> {
  return startProxyProcess(
    bootstrap,
    (files) =>
      spawnEnvoy(files.bootstrap, [
        "--admin-address-path",
        files.adminAddress,
        "--concurrency",
        String(options.concurrency ?? 1),
        "--log-level",
        options.logLevel ?? "warning",
        ...(options.args ?? []),
      ]),
    options,
  );
}

/** Exit code and log of `envoy --mode validate` on a bootstrap. */
export async function validateWithEnvoy(bootstrap: JsonObject): Promise<{ exitCode: number; log: string }> {
  using folder = temporaryFolder();
  await using child = spawnEnvoy(writeBootstrap(folder, bootstrap), ["--mode", "validate"]);
  const exitCode = await child.exit();
  return { exitCode, log: child.stdout + child.stderr };
}

function spawnEnvoy(bootstrapFile: string, args: readonly string[]): Child {
  // Without hot restart there is no shared memory by which one Envoy could get in another's way.
  return new Child(peerPath("envoy"), ["--config-path", bootstrapFile, "--disable-hot-restart", ...args]);
}
