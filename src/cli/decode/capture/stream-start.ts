import type { TcpSegment } from "./tcp-segment.ts";

/** A whole version 2 header can have so many bytes, and payload behind it is not needed. */
const mostBytes = 16 + 65_535;

/**
 * The first bytes of one direction of a TCP connection, put together from segments that come in any order, more than
 * once, or in part. Without the SYN the first segment that was captured counts as the start.
 */
export class StreamStart {
  readonly #segments = new Map<number, Buffer>();
  #first: number | undefined;
  #stored = 0;

  add({ sequence, isSyn, payload }: TcpSegment): void {
    if (isSyn) this.#first = (sequence + 1) >>> 0;
    this.#first ??= sequence;
    // SYN takes a number of its own, also when data comes with it (TCP Fast Open).
    const at = isSyn ? this.#first : sequence;
    const known = this.#segments.get(at);
    if (payload.length <= (known?.length ?? 0) || this.#stored > mostBytes) return;
    this.#segments.set(at, payload);
    this.#stored += payload.length;
  }

  /** What follows the start without a gap. */
  bytes(): Buffer {
    const first = this.#first;
    if (first === undefined) return Buffer.alloc(0);
    const ordered = [...this.#segments]
      .map(([sequence, payload]) => ({ at: (sequence - first) | 0, payload }))
      .toSorted((a, b) => a.at - b.at);
    const parts: Buffer[] = [];
    let end = 0;
    for (const { at, payload } of ordered) {
      if (at > end) break;
      // What lies before the start was sent before the SYN that was seen, by a connection of the same ports.
      if (at < 0 || at + payload.length <= end) continue;
      parts.push(payload.subarray(end - at));
      end = at + payload.length;
    }
    return Buffer.concat(parts, Math.min(end, mostBytes));
  }
}
