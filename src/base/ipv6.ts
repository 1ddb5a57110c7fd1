import { formatIpv4, parseIpv4 } from "./ipv4.ts";

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * The 16 bytes of an IPv6 address in any textual form of RFC 4291 §2.2: full, compressed, either case, dotted
 * tail (PP-21). Brackets, zones, a second `::`, and more than four digits in a group give undefined. `start` and
 * `end` bound the address within a longer text.
 */
export function parseIpv6(text: string, start = 0, end = text.length): Uint8Array | undefined {
  if (end - start < 2 || end - start > 45) return undefined;
  const bytes = new Uint8Array(16);
  let filled = 0;
  let gapAt = -1;
  let index = start;
  if (text.charCodeAt(start) === 58) {
    if (text.charCodeAt(start + 1) !== 58) return undefined;
    index = start + 2;
    gapAt = 0;
  }
  while (index < end) {
    const groupStart = index;
    let group = 0;
    let digit = hexDigit(text.charCodeAt(index));
    while (digit >= 0) {
      group = group * 16 + digit;
      index += 1;
      if (index - groupStart > 4) return undefined;
      digit = index < end ? hexDigit(text.charCodeAt(index)) : -1;
    }
    if (index < end && text.charCodeAt(index) === 46) {
      const tail = parseIpv4(text, groupStart, end);
      if (tail === undefined || filled > 12) return undefined;
      bytes[filled] = tail >>> 24;
      bytes[filled + 1] = tail >>> 16;
      bytes[filled + 2] = tail >>> 8;
      bytes[filled + 3] = tail;
      filled += 4;
      break;
    }
    if (index === groupStart || filled > 14) return undefined;
    bytes[filled] = group >>> 8;
    bytes[filled + 1] = group;
    filled += 2;
    if (index === end) break;
    if (text.charCodeAt(index) !== 58) return undefined;
    index += 1;
    if (index === end) return undefined;
    if (text.charCodeAt(index) === 58) {
      if (gapAt >= 0) return undefined;
      gapAt = filled;
      index += 1;
    }
  }
  if (gapAt < 0) return filled === 16 ? bytes : undefined;
  if (filled === 16) return undefined;
  openGap(bytes, gapAt, filled);
  return bytes;
}

/** Moves what stands behind the gap to the end. A loop: the array's own methods cost more than so few bytes. */
function openGap(bytes: Uint8Array, gapAt: number, filled: number): void {
  for (let from = filled - 1, to = 15; from >= gapAt; from -= 1, to -= 1) {
    bytes[to] = bytes[from]!;
    bytes[from] = 0;
  }
}

/**
 * The canonical text of the 16 bytes at `offset`: lower case, no leading zeros, the first longest run of two or
 * more zero groups as `::`. v4-mapped addresses (and the deprecated v4-compatible ones, as `inet_ntop` has it)
 * end in dotted decimal: `::ffff:192.0.2.1` (PP-64, PP-96).
 */
export function formatIpv6(bytes: Uint8Array, offset = 0): string {
  const [gapStart, gapLength] = longestGap(bytes, offset);
  const isMapped =
    gapStart === 0 && gapLength === 5 && bytes[offset + 10] === 255 && bytes[offset + 11] === 255;
  const hasDottedTail = isMapped || (gapStart === 0 && gapLength === 6);
  const groups = hasDottedTail ? 6 : 8;
  let text = "";
  let separator = "";
  for (let group = 0; group < groups;) {
    if (group === gapStart) {
      text += "::";
      separator = "";
      group += gapLength;
      continue;
    }
    const at = offset + group * 2;
    text += separator + (bytes[at]! * 256 + bytes[at + 1]!).toString(16);
    separator = ":";
    group += 1;
  }
  if (!hasDottedTail) return text;
  const tail = bytes[offset + 12]! * 0x1000000 + bytes[offset + 13]! * 0x10000 + bytes[offset + 14]! * 256;
  return text + separator + formatIpv4(tail + bytes[offset + 15]!);
}

/** Start and length of the first longest run of two or more zero groups; a start of -1 when there is none. */
function longestGap(bytes: Uint8Array, offset: number): readonly [number, number] {
  let gapStart = -1;
  let gapLength = 1;
  let runStart = -1;
  for (let group = 0; group < 8; group += 1) {
    const at = offset + group * 2;
    if (bytes[at] !== 0 || bytes[at + 1] !== 0) {
      runStart = -1;
      continue;
    }
    if (runStart < 0) runStart = group;
    if (group - runStart + 1 > gapLength) {
      gapStart = runStart;
      gapLength = group - runStart + 1;
    }
  }
  return [gapStart, gapLength];
}
