import type { Address } from "./address.ts";
import { addressBytes, ipAddress } from "./address.ts";

/** `envoy.config.core.v3.CidrRange`: the addresses of one family whose first `length` bits are those of `bytes`. */
export interface CidrRange {
  readonly family: 4 | 6;
  /** Network bytes; bits behind `length` are zero. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** A range from a prefix and its length (cut to the family's width, as Envoy does), or undefined when the prefix is no IP address. */
export function cidrRange(prefix: string, length: number): CidrRange | undefined {
  const address = ipAddress(prefix, 0);
  if (!address) return undefined;
  const bytes = Uint8Array.from(addressBytes(address));
  const bits = Math.min(length, bytes.length * 8);
  for (let index = 0; index < bytes.length; index += 1) {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    bytes[index] = bytes[index]! & (0xff00 >> kept);
  }
  return { family: address.family, bytes, length: bits };
}

/** True when `address` is of the range's family and within it; a pipe is in no range. */
export function isInRange(range: CidrRange, address: Address): boolean {
  if (address.kind !== "ip" || address.family !== range.family) return false;
  const bytes = addressBytes(address);
  const whole = range.length >> 3;
  for (let index = 0; index < whole; index += 1) if (bytes[index] !== range.bytes[index]) return false;
  const rest = range.length & 7;
  return rest === 0 || (bytes[whole]! & (0xff00 >> rest) & 0xff) === range.bytes[whole];
}
