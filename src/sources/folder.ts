import { systemClock, type Clock } from "../base/clock.ts";
import { FolderReader } from "./folder-reader.ts";
import { FolderWatches } from "./folder-watches.ts";
import { defaultSourceLimits, type Reading, type SourceLimits } from "./reading.ts";
import { Settling } from "./settling.ts";

export interface FolderOptions {
  /** Ends the watch; the iterable is then done. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly limits?: SourceLimits;
  /** The name of a file that problems show; without it, its path inside the folder. */
  readonly shownAs?: (path: string) => string;
  /** How long the folder must be quiet before it is read. Default 100 ms (XDS-125). */
  readonly quietMs?: number;
  /** The longest a busy folder is waited for. Default 1 s (XDS-125). */
  readonly atMostMs?: number;
  /** How long changes of endpoint files alone are waited for, to merge those of one moment. Default 20 ms (XDS-125). */
  readonly urgentMs?: number;
  /** How long after a reading the next one is at the soonest, when endpoint files change on and on. Default 150 ms. */
  readonly urgentEveryMs?: number;
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
  const { signal, clock = systemClock, limits = defaultSourceLimits, pollMs = 5000, shownAs } = options;
  const settling = new Settling(clock, {
    quietMs: options.quietMs ?? 100,
    atMostMs: options.atMostMs ?? 1000,
    urgentMs: options.urgentMs ?? 20,
    urgentEveryMs: options.urgentEveryMs ?? 150,
  });
  const watches = new FolderWatches((event) => reader.note(event));
  const reader = new FolderReader(root, {
    limits,
    clock,
    signal,
    shownAs,
    wholeEveryMs: pollMs,
    watches,
    onChange: (isUrgent) => settling.poke(isUrgent),
  });
  let last: Reading | undefined;
  try {
    while (!signal.aborted) {
      const reading = await reader.read();
      if (signal.aborted) return;
      const isMissing = reading !== undefined && isFolderMissing(reading);
      // A watch of a removed folder does not see the one that takes its place.
      if (isMissing) watches.close();
      if (reading && !(last && isSame(last, reading))) {
        last = reading;
        yield reading;
      }
      await settling.wait(isMissing ? Math.min(missingPollMs, pollMs) : reader.wholeInMs, signal);
    }
  } finally {
    settling.stop();
    watches.close();
  }
}

function isFolderMissing(reading: Reading): boolean {
  return reading.kind === "failed" && reading.problems.some(({ code }) => code === "folder-missing");
}

/** Files that did not change are the same objects. */
function isSame(before: Reading, now: Reading): boolean {
  if (before.kind === "failed" || now.kind === "failed") {
    return (
      before.kind === "failed" &&
      now.kind === "failed" &&
      JSON.stringify(before.problems) === JSON.stringify(now.problems)
    );
  }
  return (
    before.files.length === now.files.length && before.files.every((file, index) => file === now.files[index])
  );
}
