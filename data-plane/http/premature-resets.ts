/** Envoy's `overload.premature_reset_total_stream_count` and `overload.premature_reset_min_stream_lifetime_seconds`. */
const countedStreams = 500;
const prematureMs = 2000;

/** Counts requests of a connection that were given up at once: what a rapid reset attack consists of (CVE-2023-44487). */
export class PrematureResets {
  #streams = 0;
  #premature = 0;

  /** A stream is over. True: too many of the connection's were given up young and unanswered, and it is to end. */
  add(isReset: boolean, hasAnswer: boolean, ageMs: number): boolean {
    this.#streams += 1;
    // A second that is not whole does not count in Envoy: up to two seconds are no more than one.
    if (isReset && !hasAnswer && ageMs < prematureMs) this.#premature += 1;
    return this.#premature * 2 >= Math.max(countedStreams, this.#streams);
  }
}
