import type { HopEntry } from "./hop.ts";

/** What hops note of the connections that they carried, the last one of each. */
export class HopEntries {
  readonly #byHop = new Map<string, HopEntry>();
  readonly #waiting = new Set<() => void>();

  add(entry: HopEntry): void {
    this.#byHop.set(entry.hop, entry);
    for (const look of this.#waiting) look();
  }

  /** Resolves when each of these hops has noted a connection, in their order. Rejects when the signal aborts. */
  async of(hops: readonly string[], signal: AbortSignal): Promise<readonly HopEntry[]> {
    for (;;) {
      const found = hops.flatMap((hop) => this.#byHop.get(hop) ?? []);
      if (found.length === hops.length) return found;
      await this.#added(signal);
    }
  }

  #added(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#waiting.delete(look);
        signal.removeEventListener("abort", look);
      };
      const look = () => {
        end();
        if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
        else resolve();
      };
      if (signal.aborted) return look();
      this.#waiting.add(look);
      signal.addEventListener("abort", look, { once: true });
    });
  }
}
