import type { Clock } from "../base/clock.ts";

export interface SettlingOptions {
  /** How long nothing may change before a burst counts as over. */
  readonly quietMs: number;
  /** The longest that a burst without a pause is waited for, counted from its first change. */
  readonly atMostMs: number;
  /** How long a burst of nothing but urgent changes is waited for, counted from its first one. Default `quietMs`. */
  readonly urgentMs?: number;
  /**
   * The least time from one wake-up to the next one that is for urgent changes alone: the first of them is not kept waiting, and
   * those that come on and on are merged. Default 0.
   */
  readonly urgentEveryMs?: number;
}

/** Merges bursts of changes into one wake-up (XDS-125). For one waiter; what changes between two waits counts. */
export class Settling {
  readonly #clock: Clock;
  readonly #options: SettlingOptions;
  #burstStartMs: number | undefined;
  #lastWakeMs = -Infinity;
  #isUrgent = false;
  #isSettled = false;
  #cancelTimer: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, options: SettlingOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Something changed. A burst is urgent as long as everything in it is: of changes that each stand for themselves. */
  poke(isUrgent = false): void {
    const nowMs = this.#clock.monotonic();
    const isFirst = this.#burstStartMs === undefined;
    this.#burstStartMs ??= nowMs;
    this.#isUrgent = isUrgent && (isFirst || this.#isUrgent);
    // Its end is set by its first change.
    if (this.#isUrgent && !isFirst) return;
    const { quietMs, atMostMs, urgentMs = quietMs, urgentEveryMs = 0 } = this.#options;
    const leftMs = this.#burstStartMs + atMostMs - nowMs;
    this.#cancelTimer?.();
    const waitMs = this.#isUrgent
      ? Math.max(urgentMs, this.#lastWakeMs + urgentEveryMs - nowMs)
      : Math.max(0, Math.min(quietMs, leftMs));
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#lastWakeMs = this.#clock.monotonic();
      this.#burstStartMs = undefined;
      this.#cancelTimer = undefined;
      this.#isSettled = true;
      this.#wake?.();
    });
  }

  /** Resolves once a burst is over, after `timeoutMs` without one, or when the signal aborts. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isSettled && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          cancel();
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const cancel = this.#clock.after(timeoutMs, wake);
        signal.addEventListener("abort", wake, { once: true });
        this.#wake = wake;
      });
      this.#wake = undefined;
    }
    this.#isSettled = false;
  }

  /** Forgets what is pending; no timer is left. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#burstStartMs = undefined;
  }
}
