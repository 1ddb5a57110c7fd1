const P1 = 11400714785074694791n;
const P2 = 14029467366897019727n;
const P3 = 1609587929392839161n;
const P4 = 9650029242287828579n;
const P5 = 2870177450012600261n;

const low = (value: bigint) => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint) => low((value << bits) | (value >> (64n - bits)));
const round = (lane: bigint, input: bigint) => low(rotate(low(lane + input * P2), 31n) * P1);
const merge = (hash: bigint, lane: bigint) => low((hash ^ round(0n, lane)) * P1 + P4);

/** XXH64 of a text with the seed 0: what Envoy shows for a version in the gauge `version`. From the algorithm's description. */
export function xxHash64(text: string): bigint {
  const bytes = Buffer.from(text);
  let at = 0;
  let hash = P5;
  if (bytes.length >= 32) {
    const lanes = [low(P1 + P2), P2, 0n, low(-P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [index, lane] of lanes.entries())
        lanes[index] = round(lane, bytes.readBigUInt64LE(at + 8 * index));
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = low(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const lane of lanes) hash = merge(hash, lane);
  }
  hash = low(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = low(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    hash = low(rotate(low(hash ^ (BigInt(bytes.readUInt32LE(at)) * P1)), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at += 1) hash = low(rotate(low(hash ^ (BigInt(bytes[at]!) * P5)), 11n) * P1);
  hash = low((hash ^ (hash >> 33n)) * P2);
  hash = low((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}
