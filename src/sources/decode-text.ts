import { isUtf8 } from "node:buffer";

/** The first byte of a text that is no UTF-8. `line` and `column` count from 1, `column` in UTF-16 units as in a `Place`. */
export interface BadByte {
  readonly line: number;
  readonly column: number;
  /** 0 to 255 */
  readonly value: number;
}

/** Bytes as text, without a byte order mark, or where they are not UTF-8 (RFC 3629). */
export function decodeText(bytes: Uint8Array): string | BadByte {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The decoder's only error says less than the place.
    return findBadByte(bytes);
  }
}

function findBadByte(bytes: Uint8Array): BadByte {
  let line = 1;
  for (let start = 0; ; line += 1) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const at = firstBadIn(bytes.subarray(start, end));
    if (at !== undefined) {
      const before = new TextDecoder().decode(bytes.subarray(start, start + at));
      return { line, column: before.length + 1, value: bytes[start + at]! };
    }
    start = end + 1;
  }
}

function firstBadIn(line: Uint8Array): number | undefined {
  if (isUtf8(line)) return undefined;
  let at = 0;
  for (;;) {
    const end = at + characterBytes(line[at]!);
    if (end > line.length || !isUtf8(line.subarray(at, end))) return at;
    at = end;
  }
}

function characterBytes(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
