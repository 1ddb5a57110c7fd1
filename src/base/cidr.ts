import { parseIp } from "./ip-address.ts";

/** An address range, of one family; bits behind the prefix are zero. */
export interface CidrRange {
  readonly bytes: Uint8Array;
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly prefixLength: number;
}

/**
 * A range from `address_prefix` and `prefix_len` of envoy.config.core.v3.CidrRange. Bits behind the prefix are
 * cleared, as Envoy does. Undefined when the text is no address or the length does not fit its family.
 */
export function cidrRange(addressPrefix: string, prefixLength: number): CidrRange | undefined {
  const bytes = parseIp(addressPrefix);
  if (!bytes || !Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bytes.length * 8) {
    return undefined;
  }
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index]! &= maskOf(prefixLength - index * 8);
  }
  return { bytes, prefixLength };
}

/** A range from `192.0.2.0/24`; a missing length means the one address. Undefined when it is none. */
export function parseCidr(text: string): CidrRange | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return cidrRange(text, text.includes(":") ? 128 : 32);
  const length = text.slice(slash + 1);
  return /^\d{1,3}$/.test(length) ? cidrRange(text.slice(0, slash), Number(length)) : undefined;
}

/** True when `address` (from `parseIp`) lies in the range. Families never match each other, mapped ones too. */
export function cidrContains(range: CidrRange, address: Uint8Array): boolean {
  if (address.length !== range.bytes.length) return false;
  const whole = range.prefixLength >> 3;
  for (let index = 0; index < whole; index += 1) {
    if (address[index] !== range.bytes[index]) return false;
  }
  const rest = maskOf(range.prefixLength & 7);
  return rest === 0 || (address[whole]! & rest) === range.bytes[whole]!;
}

/** The byte whose first `bits` bits are set; none below 1, all from 8 on. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
}
