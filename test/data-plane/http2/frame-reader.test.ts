import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FrameReader } from "../../../data-plane/http2/frame-reader.ts";
import { frame } from "../../kit/raw-http2.ts";

const sent = [frame(4, 0, 0), frame(0, 1, 5, Buffer.from("hello")), frame(6, 0, 0, Buffer.alloc(8, 7))];
const bytes = Buffer.concat(sent);
const shown = (pieces: readonly Buffer[]) => {
  const seen: string[] = [];
  const reader = new FrameReader(16384);
  for (const piece of pieces) {
    reader.read(piece, ({ type, flags, streamId, payload }) => {
      seen.push(`${type} ${flags} ${streamId} ${payload.toString("latin1")}`);
      return true;
    });
  }
  return seen;
};
const whole = shown([bytes]);

describe("FrameReader", () => {
  it("gives the frames of one piece", () => {
    assert.deepEqual(whole, ["4 0 0 ", "0 1 5 hello", "6 0 0 \x07\x07\x07\x07\x07\x07\x07\x07"]);
  });

  it("gives the same when they come byte by byte, or cut anywhere", () => {
    assert.deepEqual(shown([...bytes].map((byte) => Buffer.from([byte]))), whole);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      assert.deepEqual(shown([bytes.subarray(0, cut), bytes.subarray(cut)]), whole, `cut at ${cut}`);
    }
  });

  it("refuses a frame that is too large as soon as its length has come, and reads nothing behind it", () => {
    const large = frame(0, 0, 1, Buffer.alloc(16385));
    assert.equal(
      new FrameReader(16384).read(large.subarray(0, 9), () => true),
      false,
    );
    const reader = new FrameReader(16384);
    assert.equal(
      reader.read(large.subarray(0, 3), () => true),
      true,
    );
    assert.equal(
      reader.read(large.subarray(3, 9), () => true),
      false,
    );
  });

  it("stops where it is told to", () => {
    const seen: number[] = [];
    new FrameReader(16384).read(bytes, ({ type }) => seen.push(type) < 2);
    assert.deepEqual(seen, [4, 0]);
  });

  it("takes no notice of the reserved bit of a stream's number", () => {
    const marked = frame(0, 0, 1);
    marked[5] = 0x80;
    const seen: number[] = [];
    new FrameReader(16384).read(marked, ({ streamId }) => seen.push(streamId) > 0);
    assert.deepEqual(seen, [1]);
  });
});
