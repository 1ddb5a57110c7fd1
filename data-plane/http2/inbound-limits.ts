import type { Frame } from "./frames.ts";
import { Flag, FrameType } from "./frames.ts";

/** What a peer may send of frames that cost it nothing; each number is a field of `Http2ProtocolOptions` of the same name. */
export interface InboundLimits {
  readonly maxConsecutiveEmptyFrames: number;
  readonly maxPriorityFramesPerStream: number;
  readonly maxWindowUpdatesPerDataFrame: number;
}

/** Which limit a peer went over: the counter's name. */
export type InboundFlood =
  | "inbound_empty_frames_flood"
  | "inbound_priority_frames_flood"
  | "inbound_window_update_frames_flood";

/** Counts the frames of one connection against the limits, as Envoy's protocol constraints do. */
export class InboundCount {
  readonly #limits: InboundLimits;
  #streams = 0;
  #emptyInARow = 0;
  #priorities = 0;
  #windowUpdates = 0;
  /** DATA frames that this side sent, each worth some window updates. */
  sentDataFrames = 0;

  constructor(limits: InboundLimits) {
    this.#limits = limits;
  }

  /** A stream is there, whoever opened it. */
  opened(): void {
    this.#streams += 1;
  }

  /** `paddingBytes`: what of the payload is padding, and counts for nothing. */
  add(frame: Frame, paddingBytes: number): InboundFlood | undefined {
    switch (frame.type) {
      case FrameType.headers:
      case FrameType.continuation:
      case FrameType.data:
        return this.#addPayload(frame, paddingBytes);
      case FrameType.priority:
        this.#priorities += 1;
        return this.#priorities > this.#limits.maxPriorityFramesPerStream * (1 + this.#streams)
          ? "inbound_priority_frames_flood"
          : undefined;
      case FrameType.windowUpdate: {
        this.#windowUpdates += 1;
        const earned = this.#streams + this.#limits.maxWindowUpdatesPerDataFrame * this.sentDataFrames;
        return this.#windowUpdates > 5 + 2 * earned ? "inbound_window_update_frames_flood" : undefined;
      }
      default:
        return undefined;
    }
  }

  #addPayload(frame: Frame, paddingBytes: number): InboundFlood | undefined {
    if (frame.payload.length > paddingBytes || frame.flags & Flag.endStream) {
      this.#emptyInARow = 0;
      return undefined;
    }
    this.#emptyInARow += 1;
    return this.#emptyInARow > this.#limits.maxConsecutiveEmptyFrames
      ? "inbound_empty_frames_flood"
      : undefined;
  }
}
