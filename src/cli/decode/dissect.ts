import { recognise } from "../recognise.ts";
import type { Dissected, Finding } from "./dissected.ts";
import { dissectV1 } from "./dissect-v1.ts";
import { dissectV2 } from "./dissect-v2.ts";

/** `\r\n\r\n\0\r\nQUIT\n` (proxy-protocol.txt §2.2). */
const v2Signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const v1Signature = Buffer.from("PROXY ", "latin1");

/** The version that the bytes begin like, from their first 5 bytes on; undefined for anything else. */
export function versionOf(bytes: Buffer): "V1" | "V2" | undefined {
  const isLike = (signature: Buffer) => {
    const length = Math.min(bytes.length, signature.length);
    return length >= 5 && bytes.compare(signature, 0, length, 0, length) === 0;
  };
  if (isLike(v2Signature)) return "V2";
  return isLike(v1Signature) ? "V1" : undefined;
}

/**
 * Takes a header apart, strictly by proxy-protocol.txt, and says what is wrong with it at which byte. What Envoy makes
 * of the same bytes is another question, and the codec's. Bytes that begin like no header give one finding.
 */
export function dissect(bytes: Buffer, tlvTypeName: (type: number) => string): Dissected | Finding {
  const version = versionOf(bytes);
  if (version === "V2") return dissectV2(bytes, tlvTypeName);
  if (version === "V1") return dissectV1(bytes);
  return noHeader(bytes);
}

function noHeader(bytes: Buffer): Finding {
  if (bytes.length === 0) return { severity: "error", offset: 0, message: "there are no bytes" };
  const likely = bytes[0] === v2Signature[0] ? v2Signature : v1Signature;
  const offset = likely.findIndex((byte, index) => bytes[index] !== byte);
  const found = bytes[offset];
  const name = likely === v2Signature ? "a version 2 header" : "a header";
  if (found === undefined) {
    return { severity: "error", offset, message: `the bytes end here, too soon to tell what they are` };
  }
  const expected =
    likely === v2Signature
      ? hexByte(likely[offset]!)
      : `${hexByte(likely[offset]!)}${offset === 0 ? " (version 1) or 0x0d (version 2)" : ""}`;
  const known = recognise(bytes);
  const looks = known ? `; the bytes look like ${known}` : "";
  return {
    severity: "error",
    offset,
    message: `${name} has ${expected} here, found ${hexByte(found)}${looks}`,
  };
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
