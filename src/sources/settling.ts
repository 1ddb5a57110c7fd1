import type { Clock } from "../base/clock.ts";

export interface SettlingOptions {
  /** How long nothing may change before a burst counts as over. */
  readonly quietMs: number;
  /** The longest that a burst without a pause is waited for, counted from its first change. */
  readonly atMostMs: number;
}

/** Merges bursts of changes into one wake-up (XDS-125). For one waiter; what changes between two waits counts. */
export class Settling {
  readonly #clock: Clock;
  readonly #options: SettlingOptions;
  #burstStartMs: number | undefined;
  #isSettled = false;
  #cancelTimer: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, options: SettlingOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Something changed. */
  poke(): void {
    const nowMs = this.#clock.monotonic();
    this.#burstStartMs ??= nowMs;
    const leftMs = this.#burstStartMs + this.#options.atMostMs - nowMs;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.min(this.#options.quietMs, leftMs)), () => {
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
