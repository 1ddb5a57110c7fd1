import { parseIp } from "../../src/base/ip-address.ts";
import type { Address } from "./address.ts";

/** `envoy.config.core.v3.CidrRange`: the addresses of one family whose first `length` bits are those of `bytes`. */
export interface CidrRange {
  /** 4 or 16 network bytes; bits behind `length` are zero. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** A range from a prefix and its length (cut to the family's width, as Envoy does), or undefined when the prefix is no IP address. */
export function cidrRange(prefix: string, length: number): CidrRange | undefined {
  const bytes = parseIp(prefix);
  if (!bytes) return undefined;
  const bits = Math.min(length, bytes.length * 8);
  const network = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))));
  return { bytes: network, length: bits };
}

/** True when `address` is of the range's family and within it; a pipe is in no range. */
export function isInRange(range: CidrRange, address: Address): boolean {
  if (address.family === "pipe") return false;
  const bytes = parseIp(address.address);
  return bytes !== undefined && isWithin(range, bytes);
}

/** True when the 4 or 16 bytes of an address are of the range's family and within it. */
export function isWithin(range: CidrRange, bytes: Uint8Array): boolean {
  if (bytes.length !== range.bytes.length) return false;
  const whole = range.length >> 3;
  for (let index = 0; index < whole; index += 1) if (bytes[index] !== range.bytes[index]) return false;
  const rest = range.length & 7;
  return rest === 0 || (bytes[whole]! & (0xff00 >> rest) & 0xff) === range.bytes[whole];
}
