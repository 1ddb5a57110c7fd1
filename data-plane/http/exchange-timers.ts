import type { Clock } from "../../src/base/clock.ts";
import { Deadline } from "../network/deadline.ts";

/** What the deadlines of an exchange are for. */
export type ExchangeDeadline =
  /** The whole of the request has to come: `request_timeout`. */
  | "request"
  /** The next movement of either side: `stream_idle_timeout`. */
  | "idle"
  /** The whole of the exchange: `max_stream_duration`. */
  | "duration"
  /** The whole of the answer, from the end of the request on: the route's `timeout`. */
  | "answer"
  /** One try at an upstream, to the head of its answer: `per_try_timeout`. */
  | "per-try"
  /** The next movement of one try: `per_try_idle_timeout`. */
  | "per-try-idle"
  /** The next try is to be made. */
  | "back-off";

/** Who is told that a deadline has passed. */
export interface TimedExchange {
  onDeadline(which: ExchangeDeadline): void;
}

/**
 * The deadlines of one exchange at a time. They outlive it and serve the next one, because a timer for each request would cost more
 * than the request's own work: one for each HTTP/1.1 connection, one for each stream that an HTTP/2 connection has had at once.
 */
export class ExchangeTimers {
  readonly #clock: Clock;
  readonly #deadlines = new Map<ExchangeDeadline, Deadline>();
  #exchange: TimedExchange | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Works for this exchange from now on. */
  begin(exchange: TimedExchange): void {
    this.#exchange = exchange;
  }

  set(which: ExchangeDeadline, delayMs: number): void {
    let deadline = this.#deadlines.get(which);
    if (!deadline) {
      deadline = new Deadline(this.#clock, () => this.#exchange?.onDeadline(which));
      this.#deadlines.set(which, deadline);
    }
    deadline.set(delayMs);
  }

  clear(which: ExchangeDeadline): void {
    this.#deadlines.get(which)?.clear();
  }

  /** The exchange is over: nobody is told of anything. */
  end(): void {
    this.#exchange = undefined;
    for (const deadline of this.#deadlines.values()) deadline.clear();
  }

  /** Lets go of the timers too. */
  dispose(): void {
    this.#exchange = undefined;
    for (const deadline of this.#deadlines.values()) deadline.dispose();
  }
}
