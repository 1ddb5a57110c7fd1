import type { Clock } from "../base/clock.ts";
import type { Steps } from "../base/steps.ts";

/** A slice of work; well below the 50 ms that pings and health checks may have to wait (XDS-126). */
const sliceMs = 15;

/** One piece of work; true when there is more of it. */
type Piece = () => boolean;

/**
 * Does work in slices, one in each turn of the event loop, so that no amount of it keeps the loop from its other work. What
 * fits into the turn is done at once; what does not waits, and all that waits goes on by turns.
 */
export class Slices {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #nextTurn: (callback: () => void) => void;
  /** In the order in which it was asked for; what has more to do goes to the end. */
  readonly #waiting = new Set<Piece>();
  #spentMs = 0;
  #isWorking = false;
  #isScheduled = false;

  /** `nextTurn` calls back in the next turn of the event loop. */
  constructor(
    clock: Pick<Clock, "monotonic">,
    nextTurn: (callback: () => void) => void = (callback) => void setImmediate(callback),
  ) {
    this.#clock = clock;
    this.#nextTurn = nextTurn;
  }

  /** Does something short: now, or when its turn comes. What the task throws is the caller's, or nobody's. */
  do(task: () => void): void {
    this.#add(() => {
      task();
      return false;
    });
  }

  /** What was done just now leads to so much work in this turn that goes through no slices: it has to be left to it. */
  charge(ms: number): void {
    this.#spentMs += ms;
    if (!this.#isWorking) this.#schedule();
  }

  /** Does the steps, the first of them now if there is room. Resolves to what they make; rejects with what they throw. */
  run<T>(steps: Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#add(() => {
        try {
          const step = steps.next();
          if (step.done) resolve(step.value);
          return !step.done;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return false;
        }
      });
    });
  }

  #add(piece: Piece): void {
    this.#waiting.add(piece);
    if (!this.#isWorking) this.#work();
  }

  #work(): void {
    this.#isWorking = true;
    let fromMs = this.#clock.monotonic();
    try {
      for (const piece of this.#waiting) {
        if (this.#spentMs >= sliceMs) break;
        this.#waiting.delete(piece);
        if (piece()) this.#waiting.add(piece);
        const nowMs = this.#clock.monotonic();
        this.#spentMs += nowMs - fromMs;
        fromMs = nowMs;
      }
    } finally {
      this.#isWorking = false;
      this.#schedule();
    }
  }

  /** What was spent is forgotten with the turn that it was spent in. */
  #schedule(): void {
    if (this.#isScheduled || (this.#spentMs === 0 && this.#waiting.size === 0)) return;
    this.#isScheduled = true;
    this.#nextTurn(() => {
      this.#isScheduled = false;
      this.#spentMs = 0;
      if (this.#waiting.size > 0) this.#work();
    });
  }
}
