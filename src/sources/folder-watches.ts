import { type FSWatcher, watch } from "node:fs";
import type { FolderEvent } from "./tree-changes.ts";

/**
 * Watches folders one by one, none of them deeply: the system then tells which name in which folder changed, and it costs
 * nothing as long as nothing does. A folder that cannot be watched (the system's limit is reached) is not, and is left to
 * whoever polls.
 */
export class FolderWatches {
  readonly #onEvent: (event: FolderEvent) => void;
  /** By real path. */
  readonly #watched = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  /** Asked for since the last `keepLooked`. */
  #looked = new Set<string>();

  constructor(onEvent: (event: FolderEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Watches the folder from now on. Another `identity` tells that it is another folder at the place of one that was watched. */
  look(folder: string, identity: string): void {
    this.#looked.add(folder);
    const known = this.#watched.get(folder);
    if (known?.identity === identity) return;
    known?.watcher.close();
    this.#watched.delete(folder);
    const watcher = this.#watch(folder);
    if (watcher) this.#watched.set(folder, { identity, watcher });
  }

  /** Ends the watch of folders that were not looked at since the last time. */
  keepLooked(): void {
    for (const [folder, { watcher }] of this.#watched) {
      if (this.#looked.has(folder)) continue;
      watcher.close();
      this.#watched.delete(folder);
    }
    this.#looked = new Set();
  }

  close(): void {
    this.#looked = new Set();
    this.keepLooked();
  }

  #watch(folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, (_kind, name) =>
        this.#onEvent(name === null ? { folder } : { folder, name }),
      );
      watcher.on("error", () => {
        watcher.close();
        if (this.#watched.get(folder)?.watcher === watcher) this.#watched.delete(folder);
        this.#onEvent({ folder });
      });
      return watcher;
    } catch {
      // It is gone, which its list will tell, or the system watches no more folders, which leaves it to the poll.
      return undefined;
    }
  }
}
