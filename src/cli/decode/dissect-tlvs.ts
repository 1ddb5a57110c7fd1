import type { DissectedTlv, Finding } from "./dissected.ts";
import { meaningOfTlv, SSL, sslFixedBytes } from "./tlv-meaning.ts";

const tlvFixedBytes = 3;
const mostHexBytes = 256;

/**
 * The TLVs of `header` from `start` to its end, those of PP2_TYPE_SSL opened. One that reaches over the end is an error
 * when the header is whole; else the end that is missing has been told already.
 */
export function dissectTlvs(
  header: Buffer,
  start: number,
  isWhole: boolean,
  tlvTypeName: (type: number) => string,
  findings: Finding[],
): readonly DissectedTlv[] {
  return tlvsIn(header, start, isWhole, { tlvTypeName, findings, isSubTlv: false });
}

interface Reading {
  readonly tlvTypeName: (type: number) => string;
  readonly findings: Finding[];
  /** Inside a PP2_TYPE_SSL. */
  readonly isSubTlv: boolean;
}

function tlvsIn(header: Buffer, start: number, isWhole: boolean, reading: Reading): readonly DissectedTlv[] {
  const { tlvTypeName, findings } = reading;
  const tlvs: DissectedTlv[] = [];
  for (let at = start; at < header.length;) {
    const valueAt = at + tlvFixedBytes;
    const left = header.length - valueAt;
    const length = left < 0 ? 0 : header.readUInt16BE(at + 1);
    if (left < length || left < 0) {
      const message =
        left < 0
          ? `${header.length - at} bytes are left, a TLV has at least ${tlvFixedBytes}`
          : `${tlvTypeName(header[at]!)} says that it has ${length} bytes, ${left} are left`;
      if (isWhole) findings.push({ severity: "error", offset: at, message });
      return tlvs;
    }
    tlvs.push(dissectTlv(header, at, length, reading));
    at = valueAt + length;
  }
  return tlvs;
}

function dissectTlv(
  header: Buffer,
  offset: number,
  length: number,
  { tlvTypeName, findings, isSubTlv }: Reading,
): DissectedTlv {
  const type = header[offset]!;
  const end = offset + tlvFixedBytes + length;
  const value = header.subarray(offset + tlvFixedBytes, end);
  const { meaning, problem } = meaningOfTlv(type, value);
  if (problem) findings.push({ ...problem, offset });
  const tlv = { offset, type, name: tlvTypeName(type), length, hex: value.toString("hex", 0, mostHexBytes) };
  // Sub-TLVs of SSL are no SSL themselves (§2.2.6): opened once, hostile bytes cannot nest without end.
  const children =
    type === SSL && length >= sslFixedBytes && !isSubTlv
      ? tlvsIn(header.subarray(0, end), offset + tlvFixedBytes + sslFixedBytes, true, {
          tlvTypeName,
          findings,
          isSubTlv: true,
        })
      : undefined;
  return { ...tlv, ...(meaning !== undefined && { meaning }), ...(children && { children }) };
}
