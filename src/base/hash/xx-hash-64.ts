import { Word64 } from "./word-64.ts";

const prime1 = new Word64(0x9e3779b1, 0x85ebca87);
const prime2 = new Word64(0xc2b2ae3d, 0x27d4eb4f);
const prime3 = new Word64(0x165667b1, 0x9e3779f9);
const prime4 = new Word64(0x85ebca77, 0xc2b2ae63);
const prime5 = new Word64(0x27d4eb2f, 0x165667c5);
/** 0 - prime1. */
const minusPrime1 = new Word64(0x61c8864e, 0x7a143579);

/** XXH64 of the bytes. */
export function xxHash64(bytes: Buffer, seed = 0n): bigint {
  const start = new Word64(Number(seed >> 32n), Number(seed & 0xffff_ffffn));
  const { length } = bytes;
  let at = 0;
  let hash: Word64;
  if (length >= 32) {
    const lanes: readonly [Word64, Word64, Word64, Word64] = [
      start.copy().add(prime1).add(prime2),
      start.copy().add(prime2),
      start.copy(),
      start.copy().add(minusPrime1),
    ];
    for (; at + 32 <= length; at += 32) {
      for (let lane = 0; lane < 4; lane += 1) round(lanes[lane]!, wordAt(bytes, at + 8 * lane));
    }
    const [one, two, three, four] = lanes;
    hash = one.copy().rotateLeft(1);
    hash.add(two.copy().rotateLeft(7)).add(three.copy().rotateLeft(12)).add(four.copy().rotateLeft(18));
    for (const lane of lanes) {
      hash
        .xor(round(new Word64(0, 0), lane))
        .multiply(prime1)
        .add(prime4);
    }
  } else {
    hash = start.copy().add(prime5);
  }
  hash.addSmall(length);
  for (; at + 8 <= length; at += 8) {
    hash.xor(round(new Word64(0, 0), wordAt(bytes, at)));
    hash.rotateLeft(27).multiply(prime1).add(prime4);
  }
  if (at + 4 <= length) {
    hash.xor(new Word64(0, bytes.readUInt32LE(at)).multiply(prime1));
    hash.rotateLeft(23).multiply(prime2).add(prime3);
    at += 4;
  }
  for (; at < length; at += 1) {
    hash.xor(new Word64(0, bytes[at]!).multiply(prime5)).rotateLeft(11).multiply(prime1);
  }
  return hash.mixDown(33).multiply(prime2).mixDown(29).multiply(prime3).mixDown(32).toBigInt();
}

/** Takes eight bytes into a lane. `input` is used up. */
function round(lane: Word64, input: Word64): Word64 {
  return lane.add(input.multiply(prime2)).rotateLeft(31).multiply(prime1);
}

function wordAt(bytes: Buffer, at: number): Word64 {
  return new Word64(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at));
}
