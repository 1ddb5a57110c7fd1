import type { OnReadOpts } from "node:net";

/**
 * Takes bytes of a socket. They are lent: unless the answer is `kept`, the memory under them is written to again as soon as this
 * returned.
 */
export type TakeBytes = (bytes: Buffer) => "done" | "kept";

/** One for all sockets: what has little to say has no memory of its own, however many connections are idle. */
const SHARED_BYTES = 64 * 1024;
/** What a socket with much to say reads at once. Larger pieces no longer save time: measured with 64, 256 and 1,024 KiB. */
const OWN_BYTES = 256 * 1024;
/** A read of at least so much asks for memory of its own. */
const MUCH_BYTES = 32 * 1024;
/** A read of at most so much gives it back. */
const LITTLE_BYTES = 4 * 1024;

/**
 * The memory that sockets read into, in place of the fresh 64 KiB that Node makes for every read: half the processor time of a bulk
 * transfer.
 */
export class ReadMemory {
  #shared: Buffer | undefined;

  /** For one socket that is about to be made: `onread` goes into its options. */
  openReader(): LentReader {
    this.#shared ??= Buffer.allocUnsafeSlow(SHARED_BYTES);
    return new LentReader(this.#shared);
  }
}

/** Reads one socket. */
export class LentReader {
  readonly onread: OnReadOpts;
  readonly #shared: Buffer;
  #memory: Buffer;
  #take: TakeBytes | undefined;

  constructor(shared: Buffer) {
    this.#shared = shared;
    this.#memory = shared;
    this.onread = {
      buffer: () => this.#memory,
      callback: (length) => {
        this.#onRead(length);
        return true;
      },
    };
  }

  /** From now on `take` gets what is read. To be called before the socket reads, at the latest when it is connected. */
  start(take: TakeBytes): void {
    this.#take = take;
  }

  #onRead(length: number): void {
    const bytes = this.#memory.subarray(0, length);
    if (this.#memory === this.#shared) {
      // A copy, as the next socket reads into the same memory whatever becomes of these bytes.
      this.#take?.(Buffer.from(bytes));
      if (length >= MUCH_BYTES) this.#memory = Buffer.allocUnsafeSlow(OWN_BYTES);
      return;
    }
    const answer = this.#take?.(bytes);
    if (length <= LITTLE_BYTES) this.#memory = this.#shared;
    else if (answer === "kept") this.#memory = Buffer.allocUnsafeSlow(OWN_BYTES);
  }
}
