/** Numbers that follow from a seed: whole ones in [0, below). */
export type Random = (below: number) => number;

/** A stream of its own for each pair, so that any one input can be made again without those before it. */
export function randomOf(seed: number, index: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  // xorshift32: good enough to spread mutations, and cheap.
  if (state === 0) state = 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** Bytes on which parsers decide. */
const telling = Buffer.from([0, 1, 9, 10, 13, 32, 34, 35, 44, 45, 48, 57, 58, 59, 64, 91, 127, 128, 255]);
const longest = 70_000;

/** Changes a seed in one to six places, perhaps with a piece of another. */
export function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  let bytes = Buffer.from(seeds[random(seeds.length)]!);
  for (let left = 1 + random(6); left > 0; left -= 1) bytes = change(bytes, seeds, random);
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes;
}

function change(bytes: Buffer<ArrayBuffer>, seeds: readonly Buffer[], random: Random): Buffer<ArrayBuffer> {
  if (bytes.length === 0) return Buffer.from(seeds[random(seeds.length)]!);
  const at = random(bytes.length);
  const length = 1 + random(Math.min(16, bytes.length - at));
  switch (random(9)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random(8));
      return bytes;
    case 1:
      bytes[at] = telling[random(telling.length)]!;
      return bytes;
    case 2:
      bytes[at] = random(256);
      return bytes;
    case 3: // Lengths and digits one off.
      bytes[at] = (bytes[at]! + (random(2) === 0 ? 1 : 255)) & 255;
      return bytes;
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 6: // Once more, up to 2,000 times: what grows, grows.
      return Buffer.concat([
        bytes.subarray(0, at + length),
        ...Array.from({ length: random(20) === 0 ? 2_000 : 1 }, () => bytes.subarray(at, at + length)),
        bytes.subarray(at + length),
      ]);
    case 7:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length }, () => telling[random(telling.length)]!)),
        bytes.subarray(at),
      ]);
    default: {
      const other = seeds[random(seeds.length)]!;
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
    }
  }
}
