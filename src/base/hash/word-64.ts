/**
 * A number of 64 bits that is changed in place, as hash functions need it: two halves of 32, since BigInt makes an object of each step.
 * Additions and multiplications wrap around.
 */
export class Word64 {
  high: number;
  low: number;

  constructor(high: number, low: number) {
    this.high = high;
    this.low = low;
  }

  copy(): Word64 {
    return new Word64(this.high, this.low);
  }

  add({ high, low }: Word64): this {
    return this.#addHalves(high, low);
  }

  addSmall(number: number): this {
    return this.#addHalves(0, number);
  }

  xor({ high, low }: Word64): this {
    this.high ^= high;
    this.low ^= low;
    return this;
  }

  /** `bits` from 1 to 31. */
  rotateLeft(bits: number): this {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
    return this;
  }

  /** x ^ (x >> bits), `bits` from 1 to 63. */
  mixDown(bits: number): this {
    const { high } = this;
    if (bits >= 32) {
      this.low ^= high >>> (bits - 32);
    } else {
      this.low ^= (this.low >>> bits) | (high << (32 - bits));
      this.high ^= high >>> bits;
    }
    return this;
  }

  multiply({ high, low }: Word64): this {
    const lowHigh = Math.imul(this.low, high);
    const highLow = Math.imul(this.high, low);
    const carried = highOfProduct(this.low, low);
    this.low = Math.imul(this.low, low);
    this.high = (lowHigh + highLow + carried) | 0;
    return this;
  }

  toBigInt(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  #addHalves(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    return this;
  }
}

/** The upper 32 bits of the product of two numbers of 32 bits. */
function highOfProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const lower = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (lower >>> 16);
}
