import type { Tlv } from "./header.ts";

/** Type and 16-bit length. */
export const TLV_FIXED_BYTES = 3;

/**
 * The TLVs in `bytes` from `start` to `end`, in order, or undefined when they do not fill that room exactly
 * (PP-37, PP-38). No type has a meaning here: NOOP is kept, CRC32C is not checked (PP-39).
 */
export function decodeTlvs(bytes: Buffer, start: number, end: number): readonly Tlv[] | undefined {
  const tlvs: Tlv[] = [];
  let at = start;
  while (at < end) {
    const valueStart = at + TLV_FIXED_BYTES;
    if (valueStart > end) return undefined;
    const valueEnd = valueStart + bytes[at + 1]! * 256 + bytes[at + 2]!;
    if (valueEnd > end) return undefined;
    tlvs.push({ type: bytes[at]!, value: bytes.subarray(valueStart, valueEnd) });
    at = valueEnd;
  }
  return tlvs;
}
