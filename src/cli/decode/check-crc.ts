import { crc32c } from "../../base/hash/crc32c.ts";
import type { DissectedTlv, Finding } from "./dissected.ts";
import { CRC32C } from "./tlv-meaning.ts";

/** Checks the checksum of a whole header, where it has one: over all bytes, the checksum's own as zeros (§2.2.3). */
export function checkCrc(header: Buffer, tlvs: readonly DissectedTlv[], findings: Finding[]): void {
  const [sum, second] = tlvs.filter(({ type }) => type === CRC32C);
  if (second) {
    findings.push({ severity: "error", offset: second.offset, message: "PP2_TYPE_CRC32C is there twice" });
  }
  if (sum?.length !== 4) return;
  const at = sum.offset + 3;
  const zeroed = Buffer.from(header);
  zeroed.fill(0, at, at + 4);
  const [expected, found] = [crc32c(zeroed), header.readUInt32BE(at)];
  if (found === expected) {
    findings.push({ severity: "info", offset: sum.offset, message: "the CRC32c is right" });
    return;
  }
  const message = `the CRC32c is ${hex(found)}, the header's is ${hex(expected)}: the header was changed on its way`;
  findings.push({ severity: "error", offset: sum.offset, message });
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
