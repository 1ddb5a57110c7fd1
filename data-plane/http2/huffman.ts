/**
 * Lengths in bits of the codes of the 256 octets and of the end of string (RFC 7541, appendix B). The code is canonical: of one length
 * the codes count upwards with the symbol, and so the lengths tell everything.
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const END_OF_STRING = 256;

/** What four bits lead to: the state behind them, and the octet that they complete (at most one, no code is shorter than five). */
interface Steps {
  /** State × 16 + bits → next state; `failed` for the end of string. */
  readonly next: Uint16Array;
  /** State × 16 + bits → octet, or `noSymbol`. */
  readonly symbol: Uint16Array;
  /** A string may end in this state: what is left of the last octet are at most seven ones (section 5.2). */
  readonly mayEnd: Uint8Array;
}

const noSymbol = 0xffff;
const failed = 0xffff;

const steps = buildSteps();

function buildSteps(): Steps {
  // Nodes of the code tree; a child below zero is the leaf of the symbol ~child.
  const children: [number, number][] = [[0, 0]];
  const depths = [0];
  const isOnes = [true];
  const bySize = codeLengths.map((length, symbol) => ({ length, symbol }));
  bySize.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let size = bySize[0]!.length;
  for (const { length, symbol } of bySize) {
    code <<= length - size;
    size = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit -= 1) {
      const side = (code >> bit) & 1;
      const child = children[node]![side]!;
      if (child > 0) {
        node = child;
        continue;
      }
      children.push([0, 0]);
      depths.push(depths[node]! + 1);
      isOnes.push(isOnes[node]! && side === 1);
      children[node]![side] = children.length - 1;
      node = children.length - 1;
    }
    children[node]![code & 1] = ~symbol;
    code += 1;
  }
  const next = new Uint16Array(children.length * 16);
  const symbol = new Uint16Array(children.length * 16).fill(noSymbol);
  for (let start = 0; start < children.length; start += 1) {
    for (let bits = 0; bits < 16; bits += 1) {
      const at = start * 16 + bits;
      let node = start;
      for (let bit = 3; bit >= 0 && node !== failed; bit -= 1) {
        const child = children[node]![(bits >> bit) & 1]!;
        if (child >= 0) node = child;
        else if (~child === END_OF_STRING) node = failed;
        else {
          symbol[at] = ~child;
          node = 0;
        }
      }
      next[at] = node;
    }
  }
  return {
    next,
    symbol,
    mayEnd: Uint8Array.from(isOnes, (ones, node) => (ones && depths[node]! < 8 ? 1 : 0)),
  };
}

/**
 * Decodes the octets between `from` and `to` into `target`, which must have room for 8 / 5 of them. Gives how many octets it wrote, or
 * -1 for what no encoder writes: an end of string inside, or padding that is not seven ones at most.
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number, target: Buffer): number {
  const { next, symbol, mayEnd } = steps;
  let state = 0;
  let written = 0;
  for (let at = from; at < to; at += 1) {
    const octet = bytes[at]!;
    for (
      let step = state * 16 + (octet >> 4), half = 0;
      half < 2;
      half += 1, step = state * 16 + (octet & 15)
    ) {
      state = next[step]!;
      if (state === failed) return -1;
      const found = symbol[step]!;
      if (found === noSymbol) continue;
      target[written] = found;
      written += 1;
    }
  }
  return mayEnd[state] === 1 ? written : -1;
}
