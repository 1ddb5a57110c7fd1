const twoTo32 = 4294967296;

/** A 64-bit integer as two unsigned 32-bit halves. */
export interface Halves {
  readonly low: number;
  readonly high: number;
}

/**
 * The two's complement halves of a 64-bit integer given as a decimal string, a number or a bigint. Throws a
 * RangeError for what is no integer or out of range.
 */
export function halvesOf(value: unknown, isSigned: boolean): Halves {
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && value !== "") {
    if (number < 0 && !isSigned) throw new RangeError(`${number} is negative`);
    const high = Math.floor(number / twoTo32);
    return { low: (number - high * twoTo32) >>> 0, high: high >>> 0 };
  }
  if (typeof value === "bigint") return halvesOfBig(value, isSigned);
  if (typeof value === "string" && /^-?\d+$/.test(value)) return halvesOfBig(BigInt(value), isSigned);
  throw new RangeError(`${String(value)} is not an integer`);
}

function halvesOfBig(big: bigint, isSigned: boolean): Halves {
  const fits = isSigned ? BigInt.asIntN(64, big) === big : BigInt.asUintN(64, big) === big;
  if (!fits) throw new RangeError(`${big} does not fit into 64 bits`);
  return {
    low: Number(BigInt.asUintN(32, big)),
    high: Number(BigInt.asUintN(32, big >> 32n)),
  };
}
