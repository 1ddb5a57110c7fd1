import { dirname } from "node:path";
import { watch } from "chokidar";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { contentHash } from "../../config/content-hash.ts";
import { Settling } from "../../sources/settling.ts";
import { expiryOf, readTlsFiles, type ReadFile, type TlsFiles, type TlsMaterial } from "./tls-files.ts";

export interface FollowTlsOptions {
  readonly files: TlsFiles;
  /** What is in use at the start. */
  readonly current: TlsMaterial;
  readonly read: ReadFile;
  /** Takes what the files hold now. */
  readonly onChange: (material: TlsMaterial) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** How often to look without being told. Default 10 s. */
  readonly pollMs?: number;
}

/** A certificate and its key are two files: what is between the two writes is not looked at. */
const settling = { quietMs: 100, atMostMs: 2_000 };

/**
 * Follows certificate files until the signal aborts. What does not work together is logged, once, and what is in use
 * stays; so a half-made rotation costs nothing (XDS-136).
 */
export async function followTlsFiles(options: FollowTlsOptions): Promise<void> {
  const { files, read, onChange, signal, clock, log, pollMs = 10_000 } = options;
  const changes = new Settling(clock, settling);
  // The folders, not the files: secrets of Kubernetes are replaced by turning a link beside them.
  const folders = [...new Set(Object.values(files).map((path: string) => dirname(path)))];
  const watcher = watch(folders, { ignoreInitial: true, depth: 0 });
  const poke = () => changes.poke();
  for (const event of ["all", "ready", "error"] as const) watcher.on(event, poke);
  let inUse = hashOf(options.current);
  let lastError: string | undefined;
  try {
    while (!signal.aborted) {
      await changes.wait(pollMs, signal);
      if (signal.aborted) return;
      try {
        const material = await readTlsFiles(files, read);
        lastError = undefined;
        const hash = hashOf(material);
        if (hash === inUse) continue;
        inUse = hash;
        onChange(material);
        log.info("certificates are reloaded", { expires: new Date(expiryOf(material.cert)).toISOString() });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== lastError)
          log.error("certificates cannot be reloaded; those in use stay", { error: message });
        lastError = message;
      }
    }
  } finally {
    changes.stop();
    await watcher.close();
  }
}

function hashOf({ cert, key, clientCa }: TlsMaterial): string {
  return contentHash(cert, key, clientCa ?? "");
}
