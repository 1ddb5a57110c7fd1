import type { Frame } from "./frames.ts";
import { frameHeaderBytes } from "./frames.ts";

const noBytes = Buffer.alloc(0);

/** Cuts what comes into frames, whatever the pieces that it comes in. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  /** A frame that is not whole yet: as large as it will be, or as its header while that is not whole. */
  #held: Buffer = noBytes;
  #heldBytes = 0;

  /** `maxFrameBytes`: SETTINGS_MAX_FRAME_SIZE of this side. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Gives frames to `onFrame` while that says to go on. False when a frame is too large. */
  read(bytes: Buffer, onFrame: (frame: Frame) => boolean): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#heldBytes === 0 && bytes.length - at >= frameHeaderBytes) {
        const length = payloadLength(bytes, at);
        if (length > this.#maxFrameBytes) return false;
        const end = at + frameHeaderBytes + length;
        if (end <= bytes.length) {
          if (!onFrame(frameAt(bytes, at, end))) return true;
          at = end;
          continue;
        }
      }
      // A copy: what came may be a view of a large buffer, and the frame may be long in coming.
      if (this.#heldBytes === 0) this.#held = Buffer.allocUnsafe(frameHeaderBytes);
      const taken = bytes.copy(this.#held, this.#heldBytes, at);
      this.#heldBytes += taken;
      at += taken;
      if (this.#heldBytes < this.#held.length) return true;
      const length = payloadLength(this.#held, 0);
      if (length > this.#maxFrameBytes) return false;
      if (this.#held.length < frameHeaderBytes + length) {
        const whole = Buffer.allocUnsafe(frameHeaderBytes + length);
        this.#held.copy(whole);
        this.#held = whole;
        continue;
      }
      const frame = frameAt(this.#held, 0, this.#held.length);
      this.#held = noBytes;
      this.#heldBytes = 0;
      if (!onFrame(frame)) return true;
    }
    return true;
  }
}

function payloadLength(bytes: Buffer, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function frameAt(bytes: Buffer, at: number, end: number): Frame {
  const start = at + frameHeaderBytes;
  return {
    type: bytes[at + 3]!,
    flags: bytes[at + 4]!,
    // The bit before the number is reserved and means nothing.
    streamId: bytes.readUInt32BE(at + 5) & 0x7fffffff,
    payload: start === end ? noBytes : bytes.subarray(start, end),
  };
}
