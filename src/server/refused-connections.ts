import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** An attacker must not fill the log: one line in this time says how many it was. */
const everyMs = 10_000;

/** Says that connections are refused, the first at once and the others by their number. */
export class RefusedConnections {
  readonly #log: Log;
  readonly #clock: Clock;
  #lastLineMs: number | undefined;
  #count = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  readonly note = (peer: string, reason: string, count = 1): void => {
    this.#count += count;
    const nowMs = this.#clock.monotonic();
    if (this.#lastLineMs !== undefined && nowMs - this.#lastLineMs < everyMs) return;
    this.#log.warn("connections are refused", { peer, reason, count: this.#count });
    this.#lastLineMs = nowMs;
    this.#count = 0;
  };
}
