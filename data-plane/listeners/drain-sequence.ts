import type { Clock } from "../../src/base/clock.ts";
import type { DrainDecision } from "../resources/extension.ts";

/** `--drain-strategy`: how soon connections are asked to end once a drain has begun. */
export type DrainStrategy = "gradual" | "immediate";

export interface DrainOptions {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** `--drain-time-s`: when the last connection is asked to end. */
  readonly drainMs: number;
  readonly strategy: DrainStrategy;
}

/** One drain, from the moment that something is to go away. Envoy's DrainManager, without the timer that ends it. */
export class DrainSequence implements DrainDecision {
  readonly #options: DrainOptions;
  #startedAtMs: number | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** Begins the drain; a second call changes nothing. */
  start(): void {
    this.#startedAtMs ??= this.#options.clock.monotonic();
  }

  drainClose(): boolean {
    if (this.#startedAtMs === undefined) return false;
    const { clock, drainMs, random, strategy } = this.#options;
    if (strategy === "immediate") return true;
    return clock.monotonic() - this.#startedAtMs > random() * drainMs;
  }
}
