import { printable } from "../../base/printable.ts";

/** PP2_TYPE_SSL: its value begins with a byte of flags and a 32-bit result, then come sub-TLVs. */
export const SSL = 0x20;
export const sslFixedBytes = 5;
export const CRC32C = 0x03;

interface Meaning {
  readonly meaning?: string;
  readonly problem?: { readonly severity: "error" | "warning"; readonly message: string };
}

/** Types whose value is text: ALPN, AUTHORITY, the SSL sub-types up to the key algorithms and groups, NETNS. */
const textTypes = new Set([0x01, 0x02, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x30]);
const UNIQUE_ID = 0x05;
const GCP = 0xe0;
const AWS = 0xea;
const AZURE = 0xee;
/** proxy-protocol.txt §2.2.5 */
const longestUniqueId = 128;

/**
 * What the value of a TLV says. The clouds' own: AWS 0xEA sub-type 1 is the id of a VPC endpoint, Google Cloud 0xE0 the
 * 64-bit id of a Private Service Connect connection, Azure 0xEE sub-type 1 the LINKID of a private endpoint, 32 bits,
 * little-endian.
 */
export function meaningOfTlv(type: number, value: Buffer): Meaning {
  if (textTypes.has(type)) return { meaning: JSON.stringify(printable(value.toString("utf8"), 256)) };
  switch (type) {
    case CRC32C:
      if (value.length !== 4) return wrongLength("PP2_TYPE_CRC32C", "4 bytes", value);
      return { meaning: `0x${value.toString("hex")}` };
    case UNIQUE_ID:
      return value.length > longestUniqueId ? wrongLength("PP2_TYPE_UNIQUE_ID", "at most 128", value) : {};
    case SSL:
      return value.length < sslFixedBytes
        ? wrongLength("PP2_TYPE_SSL", "at least 5", value)
        : sslMeaning(value);
    case GCP:
      if (value.length !== 8) return wrongLength("PP2_TYPE_GCP", "8 bytes", value);
      return { meaning: `Private Service Connect connection ${value.readBigUInt64BE()}` };
    case AWS:
      if (value[0] !== 1) return { meaning: `sub-type ${value[0] ?? "missing"}` };
      return { meaning: `VPC endpoint ${printable(value.toString("latin1", 1), 256)}` };
    case AZURE:
      if (value[0] !== 1) return { meaning: `sub-type ${value[0] ?? "missing"}` };
      if (value.length !== 5) return wrongLength("PP2_TYPE_AZURE of sub-type 1", "5 bytes", value);
      return { meaning: `private endpoint LINKID ${value.readUInt32LE(1)}` };
    default:
      return {};
  }
}

function sslMeaning(value: Buffer): Meaning {
  const flags = value[0]!;
  const said = [
    flags & 1 ? "the client connected over TLS" : "the client did not connect over TLS",
    ...(flags & 2 ? ["with a certificate on this connection"] : []),
    ...(flags & 4 ? ["with a certificate in this session"] : []),
    ...(flags & 6 ? [value.readUInt32BE(1) === 0 ? "verified" : "not verified"] : []),
  ];
  return { meaning: said.join(", ") };
}

function wrongLength(name: string, expected: string, value: Buffer): Meaning {
  const severity = name === "PP2_TYPE_UNIQUE_ID" ? "warning" : "error";
  return { problem: { severity, message: `${name} has ${value.length} bytes, expected ${expected}` } };
}
