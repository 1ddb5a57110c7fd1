import { Word64 } from "./word-64.ts";

const multiplier = new Word64(0xc6a4a793, 0x5bd1e995);
/** The seed of `std::hash` in libstdc++, which Envoy's ring takes. */
const SEED = 0xc70f6907;

/** MurmurHash2 of 64 bits, as libstdc++ hashes strings. */
export function murmurHash2(bytes: Buffer): bigint {
  const { length } = bytes;
  const hash = new Word64(0, length).multiply(multiplier).xor(new Word64(0, SEED));
  const end = length - (length % 8);
  for (let at = 0; at < end; at += 8) {
    const word = new Word64(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at));
    hash.xor(word.multiply(multiplier).mixDown(47).multiply(multiplier)).multiply(multiplier);
  }
  if (end < length) {
    const rest = Buffer.alloc(8);
    bytes.copy(rest, 0, end);
    hash.xor(new Word64(rest.readUInt32LE(4), rest.readUInt32LE(0))).multiply(multiplier);
  }
  return hash.mixDown(47).multiply(multiplier).mixDown(47).toBigInt();
}
