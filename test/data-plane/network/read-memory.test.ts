import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LentReader, ReadMemory } from "../../../data-plane/network/read-memory.ts";

const KIB = 1024;

/** Plays what Node does: asks for memory once and after each read, and fills it. */
class Feeder {
  readonly #reader: LentReader;
  #memory: Uint8Array;

  constructor(reader: LentReader) {
    this.#reader = reader;
    this.#memory = this.#ask();
  }

  get memoryBytes(): number {
    return this.#memory.length;
  }

  read(length: number, fill: number): void {
    this.#memory.fill(fill, 0, length);
    this.#reader.onread.callback(length, this.#memory);
    this.#memory = this.#ask();
  }

  #ask(): Uint8Array {
    const { buffer } = this.#reader.onread;
    return typeof buffer === "function" ? buffer() : buffer;
  }
}

describe("ReadMemory", () => {
  it("gives small pieces that stay what they are, though all sockets read into the same memory", () => {
    const memory = new ReadMemory();
    const taken: Buffer[] = [];
    const feeders = [1, 2].map(() => {
      const reader = memory.openReader();
      reader.start((bytes) => {
        taken.push(bytes);
        return "kept";
      });
      return new Feeder(reader);
    });
    feeders[0]?.read(3, 0x61);
    feeders[1]?.read(2, 0x62);
    feeders[0]?.read(1, 0x63);
    assert.deepEqual(
      taken.map((bytes) => bytes.toString()),
      ["aaa", "bb", "c"],
    );
  });

  it("reads more at once when there is much to read, and goes back to the shared memory when there is little", () => {
    const reader = new ReadMemory().openReader();
    reader.start(() => "done");
    const feeder = new Feeder(reader);
    const sizes = [10, 64 * KIB, 256 * KIB, 100 * KIB, 4 * KIB].map((length) => {
      feeder.read(length, 0x61);
      return feeder.memoryBytes / KIB;
    });
    assert.deepEqual(sizes, [64, 256, 256, 256, 64]);
  });

  it("reads over what was taken, and never over what was kept", () => {
    const reader = new ReadMemory().openReader();
    const taken: Buffer[] = [];
    const answers = ["done", "kept", "done", "kept", "done"] as const;
    reader.start((bytes) => {
      taken.push(bytes);
      return answers[taken.length - 1] ?? "done";
    });
    const feeder = new Feeder(reader);
    // The first is a copy; from the second on the socket has memory of its own.
    feeder.read(64 * KIB, 0x61);
    for (const fill of [0x62, 0x63, 0x64, 0x65]) feeder.read(200 * KIB, fill);
    assert.deepEqual(
      taken.map((bytes) => bytes.toString("latin1", 0, 1)),
      ["a", "b", "d", "d", "e"],
    );
  });

  it("does without a taker", () => {
    const feeder = new Feeder(new ReadMemory().openReader());
    feeder.read(64 * KIB, 0x61);
    feeder.read(10, 0x61);
    assert.equal(feeder.memoryBytes, 64 * KIB);
  });
});
