import { Duplex } from "node:stream";

class MemoryEnd extends Duplex {
  #other: MemoryEnd | undefined;
  #resume: (() => void) | undefined;

  join(other: MemoryEnd): void {
    this.#other = other;
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#other!.#take(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.#other!.#take(null, callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const other = this.#other!;
    // As with a socket, the other side learns of it later, not within our call.
    if (!other.destroyed) process.nextTick(() => other.destroy());
    callback(error);
  }

  /** Back-pressure goes through: a writer is called back when its reader wants more. */
  #take(chunk: Buffer | null, callback: () => void): void {
    if (this.destroyed || this.push(chunk) || chunk === null) callback();
    else this.#resume = callback;
  }
}

/** Two ends of a connection within the process: what is written to one is read from the other, half-close included. */
export function memoryConnection(): readonly [Duplex, Duplex] {
  const ends = [new MemoryEnd({ allowHalfOpen: true }), new MemoryEnd({ allowHalfOpen: true })] as const;
  ends[0].join(ends[1]);
  ends[1].join(ends[0]);
  return ends;
}
