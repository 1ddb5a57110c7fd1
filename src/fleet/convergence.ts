import type { XdsEvent } from "../xds/events.ts";

/**
 * Measures how long a revision takes to be accepted: from the change of the source to the last ACK. Counts the
 * responses under way; when none is left and `isSettled` agrees, the time to the last ACK is the result.
 */
export class Convergence {
  readonly #underWay = new Map<number, Map<string, string>>();
  #startMs: number | undefined;
  #lastAckMs: number | undefined;

  /** A revision is served; `atMs` is when its source changed (wall clock). One that was under way is given up. */
  begin(atMs: number): void {
    this.#startMs = atMs;
    this.#lastAckMs = undefined;
  }

  apply(event: XdsEvent): void {
    if (event.kind === "sent") {
      const types = this.#underWay.get(event.streamId) ?? new Map<string, string>();
      this.#underWay.set(event.streamId, types.set(event.typeUrl, event.nonce));
    } else if (event.kind === "acked" || event.kind === "nacked") {
      const types = this.#underWay.get(event.streamId);
      if (types?.get(event.typeUrl) === event.nonce) types.delete(event.typeUrl);
      if (types?.size === 0) this.#underWay.delete(event.streamId);
      if (event.kind === "acked") this.#lastAckMs = event.atMs;
    } else if (event.kind === "streamClosed") this.#underWay.delete(event.streamId);
  }

  /** True when `settle` is worth a call: something was accepted, and nothing is under way. */
  get mayBeSettled(): boolean {
    return this.#startMs !== undefined && this.#lastAckMs !== undefined && this.#underWay.size === 0;
  }

  /** Ends the measurement: milliseconds from the change to the last ACK. */
  settle(): number | undefined {
    if (this.#startMs === undefined || this.#lastAckMs === undefined) return undefined;
    const tookMs = Math.max(0, this.#lastAckMs - this.#startMs);
    this.#startMs = undefined;
    return tookMs;
  }
}
