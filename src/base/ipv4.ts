/**
 * An IPv4 address as an unsigned 32-bit number, from strict dotted decimal: four numbers 0 to 255 without
 * leading zeros and nothing around them (PP-20, `inet_pton`). Anything else gives undefined. `start` and `end`
 * bound the address within a longer text.
 */
export function parseIpv4(text: string, start = 0, end = text.length): number | undefined {
  if (end - start < 7 || end - start > 15) return undefined;
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let index = start; index < end; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return undefined;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return undefined;
    } else {
      if (digit !== -2 || part < 0) return undefined;
      value = value * 256 + part;
      part = -1;
      dots += 1;
    }
  }
  return dots === 3 && part >= 0 ? value * 256 + part : undefined;
}

/** Dotted decimal of an unsigned 32-bit number. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}
