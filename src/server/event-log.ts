/** Something that happened in the control plane, as the admin API tells it. */
export interface LoggedEvent {
  /** Counts up from 1 in this process. */
  readonly id: number;
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
  /** `revision-served`, `nacked`, ... */
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The last events, for any number of followers. A follower reads from the shared ring at its own pace, so a slow one
 * costs nothing: what it missed is gone, and it is told how many that were.
 */
export class EventLog {
  readonly #size: number;
  readonly #ring: LoggedEvent[] = [];
  readonly #wakers = new Set<() => void>();
  #lastId = 0;

  /** Keeps the last `size` events. */
  constructor(size = 4096) {
    this.#size = size;
  }

  get lastId(): number {
    return this.#lastId;
  }

  add(kind: string, atMs: number, data: LoggedEvent["data"]): void {
    this.#lastId += 1;
    this.#ring[this.#lastId % this.#size] = { id: this.#lastId, atMs, kind, data };
    for (const wake of this.#wakers) wake();
  }

  /** The events after the given id, and then all that come, until the signal aborts. */
  async *follow(afterId: number, signal: AbortSignal): AsyncGenerator<LoggedEvent, void, void> {
    let seen = Math.min(afterId, this.#lastId);
    while (!signal.aborted) {
      const oldest = Math.max(1, this.#lastId - this.#size + 1);
      if (seen < oldest - 1) {
        yield {
          id: oldest - 1,
          atMs: this.#ring[oldest % this.#size]!.atMs,
          kind: "missed",
          data: { count: oldest - 1 - seen },
        };
        seen = oldest - 1;
      } else if (seen < this.#lastId) {
        seen += 1;
        yield this.#ring[seen % this.#size]!;
      } else {
        await this.#added(signal);
      }
    }
  }

  #added(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
