import { relative } from "node:path";
import { watch } from "chokidar";
import { systemClock, type Clock } from "../base/clock.ts";
import { isEndpointFile } from "./endpoint-files.ts";
import { defaultSourceLimits, type Reading, type SourceLimits } from "./reading.ts";
import { readTree, type KnownFiles } from "./read-tree.ts";
import { Settling } from "./settling.ts";

export interface FolderOptions {
  /** Ends the watch; the iterable is then done. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly limits?: SourceLimits;
  /** How long the folder must be quiet before it is read. Default 100 ms (XDS-125). */
  readonly quietMs?: number;
  /** The longest a busy folder is waited for. Default 1 s (XDS-125). */
  readonly atMostMs?: number;
  /** How long changes of endpoint files alone are waited for, to merge those of one moment. Default 20 ms (XDS-125). */
  readonly urgentMs?: number;
  /** How often to look without being told, for file systems that tell nothing (NFS, 9p). Default 5 s. */
  readonly pollMs?: number;
}

/** How often a folder that is not there is looked for; nothing can be watched then. */
const missingPollMs = 500;

/**
 * Watches a folder of configuration: yields a reading at once, and then one whenever its content is another. A
 * slow reader skips what was overtaken. A failed reading (the folder is gone, a link leads out of it) is yielded
 * like any other and the watch goes on; the content that comes back is yielded even if it is as it was.
 */
export async function* watchFolder(
  root: string,
  options: FolderOptions,
): AsyncGenerator<Reading, void, void> {
  const { signal, clock = systemClock, limits = defaultSourceLimits, pollMs = 5000 } = options;
  const settling = new Settling(clock, {
    quietMs: options.quietMs ?? 100,
    atMostMs: options.atMostMs ?? 1000,
    urgentMs: options.urgentMs ?? 20,
  });
  let stopWatching: (() => Promise<void>) | undefined;
  let known: KnownFiles = new Map();
  let last: string | undefined;
  try {
    while (!signal.aborted) {
      const result = await readTree(root, known, { limits, clock, signal });
      if (signal.aborted) return;
      ({ known } = result);
      const isMissing = isFolderMissing(result.reading);
      if (isMissing) {
        // A watcher of a removed folder does not see the one that takes its place.
        await stopWatching?.();
        stopWatching = undefined;
      } else {
        stopWatching ??= startWatching(root, (path) => settling.poke(isEndpointFile(relative(root, path))));
      }
      // The event of the last write may have come before it was looked for.
      if (result.isMoving) settling.poke(true);
      const now = signature(result.reading);
      if (now !== last) yield result.reading;
      last = now;
      await settling.wait(isMissing ? Math.min(missingPollMs, pollMs) : pollMs, signal);
    }
  } finally {
    settling.stop();
    await stopWatching?.();
  }
}

function isFolderMissing(reading: Reading): boolean {
  return reading.kind === "failed" && reading.problems.some(({ code }) => code === "folder-missing");
}

function signature(reading: Reading): string {
  return reading.kind === "tree" ? reading.contentHash : JSON.stringify(reading.problems);
}

/** Any event leads to a rescan, so only how soon depends on what the event says; errors are found by the rescan too. */
function startWatching(root: string, onChange: (path: string) => void): () => Promise<void> {
  const watcher = watch(root, { ignoreInitial: true, ignored: /(^|[/\\])\.git([/\\]|$)/ });
  watcher.on("all", (_event, path) => onChange(path));
  // What changed before every folder was under watch is caught by looking once more.
  watcher.on("ready", () => onChange(root));
  watcher.on("error", () => onChange(root));
  return () => watcher.close();
}
