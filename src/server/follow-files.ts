import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { errorMessage } from "../base/error-message.ts";
import type { Log } from "../base/log.ts";
import { FolderWatches } from "../sources/folder-watches.ts";
import { identityOf } from "../sources/scan-tree.ts";
import { Settling } from "../sources/settling.ts";

/** What following files needs of its surroundings. */
export interface FollowOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How often to look without being told. Default 10 s. */
  readonly pollMs?: number;
}

/** Files that belong together and what they mean. */
export interface Followed<Content> {
  /** For the log, in the plural: `certificates`. */
  readonly what: string;
  readonly paths: readonly string[];
  /** What is in use at the start. */
  readonly current: Content;
  /** Reads the files. Rejects with a reason for the log when they do not work together. */
  readonly read: () => Promise<Content>;
  /** Equal for equal content. */
  readonly hashOf: (content: Content) => string;
  /** Takes what the files hold now. */
  readonly onChange: (content: Content) => void;
}

/** A certificate and its key are two files: what is between the two writes is not looked at. */
const settling = { quietMs: 100, atMostMs: 2_000 };

/**
 * Follows files until the signal aborts. What cannot be used is logged, once, and what is in use stays; so a half-made
 * rotation costs nothing.
 */
export async function followFiles<Content>(
  followed: Followed<Content>,
  { clock, log, pollMs = 10_000 }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const { what, paths, read, hashOf, onChange } = followed;
  const changes = new Settling(clock, settling);
  const watches = new FolderWatches(() => changes.poke());
  // What changed before the folders were under watch is caught by looking once more.
  changes.poke();
  let inUse = hashOf(followed.current);
  let lastError: string | undefined;
  try {
    while (!signal.aborted) {
      await watchFoldersOf(paths, watches);
      await changes.wait(pollMs, signal);
      if (signal.aborted) return;
      try {
        const content = await read();
        lastError = undefined;
        const hash = hashOf(content);
        if (hash === inUse) continue;
        inUse = hash;
        onChange(content);
        log.info(`${what} are reloaded`);
      } catch (error) {
        const message = errorMessage(error);
        if (message !== lastError)
          log.error(`${what} cannot be reloaded; those in use stay`, { error: message });
        lastError = message;
      }
    }
  } finally {
    changes.stop();
    watches.close();
  }
}

/** The folders, not the files: secrets of Kubernetes are replaced by turning a link beside them. */
async function watchFoldersOf(paths: readonly string[], watches: FolderWatches): Promise<void> {
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    // One that is gone is looked for with the next poll.
    const stats = await stat(folder).catch(() => undefined);
    if (stats) watches.look(folder, identityOf(stats));
  }
  watches.keepLooked();
}
