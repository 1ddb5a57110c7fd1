import type { FanOutResult } from "../fan-out.ts";

interface OpenPush {
  readonly waiting: Set<object>;
  tookMs: number;
  leftOut: number;
}

/** Makes one push of what several workers tell of theirs: it took as long as the slowest of them. */
export class Pushes {
  readonly #onPushed: (push: FanOutResult) => void;
  /** By the number of what is served. */
  readonly #open = new Map<number, OpenPush>();

  constructor(onPushed: (push: FanOutResult) => void) {
    this.#onPushed = onPushed;
  }

  begin(number: number, workers: Iterable<object>): void {
    const push = { waiting: new Set(workers), tookMs: 0, leftOut: 0 };
    this.#open.set(number, push);
    this.#close(number, push);
  }

  /** A worker has handed it to its streams. */
  end(number: number, worker: object, { tookMs, leftOut }: FanOutResult): void {
    const push = this.#open.get(number);
    if (!push?.waiting.delete(worker)) return;
    push.tookMs = Math.max(push.tookMs, tookMs);
    push.leftOut += leftOut;
    this.#close(number, push);
  }

  /** A worker is gone: nothing waits for it. */
  leave(worker: object): void {
    for (const [number, push] of this.#open) {
      if (push.waiting.delete(worker)) this.#close(number, push);
    }
  }

  #close(number: number, { waiting, tookMs, leftOut }: OpenPush): void {
    if (waiting.size > 0) return;
    this.#open.delete(number);
    this.#onPushed({ tookMs, leftOut });
  }
}
