import type { SocketAddress } from "../../src/base/ip-address.ts";
import { formatIpv4 } from "../../src/base/ipv4.ts";
import { formatIpv6 } from "../../src/base/ipv6.ts";
import type { ProxyAddresses, Tlv } from "./header.ts";
import { decodeTlvs } from "./tlv.ts";
import { isUnicastIpv4, isUnicastIpv6 } from "./unicast.ts";
import type { HeaderVerdict } from "./verdict.ts";
import { V2_FIXED_BYTES, V2_IPV4_BLOCK_BYTES, V2_IPV6_BLOCK_BYTES } from "./wire.ts";

const LOCAL = 0;
const PROXY = 1;
const NO_TLVS: readonly Tlv[] = [];

/**
 * Judges a version 2 header in Envoy's order: version, family and length as soon as the 16 fixed bytes are
 * there, command and transport with the address block, addresses and TLVs with the whole header (PP-25 to
 * PP-36). `bytes` begins with the signature and has at least 16 bytes.
 */
export function decodeV2(bytes: Buffer): HeaderVerdict {
  const versionAndCommand = bytes[12]!;
  if (versionAndCommand >>> 4 !== 2) return malformed(`the version is ${versionAndCommand >>> 4}, not 2`);
  const command = versionAndCommand & 15;
  const bodyLength = bytes[14]! * 256 + bytes[15]!;
  const end = V2_FIXED_BYTES + bodyLength;
  if (command === LOCAL) return decodeLocal(bytes.length, end);
  const familyAndTransport = bytes[13]!;
  const family = familyAndTransport >>> 4;
  if (family !== 1 && family !== 2)
    return malformed(`the address family is ${family}, not 1 (IPv4) or 2 (IPv6)`);
  const blockLength = family === 1 ? V2_IPV4_BLOCK_BYTES : V2_IPV6_BLOCK_BYTES;
  if (bodyLength < blockLength)
    return malformed(`the length is ${bodyLength}, the addresses need ${blockLength}`);
  const blockEnd = V2_FIXED_BYTES + blockLength;
  if (bytes.length < blockEnd) return { kind: "more", atLeast: blockEnd };
  if (command !== PROXY) return malformed(`the command is ${command}, not 0 (LOCAL) or 1 (PROXY)`);
  const transport = familyAndTransport & 15;
  if (transport !== 1 && transport !== 2) return malformed(`the transport is ${transport}, not 1 or 2`);
  if (bytes.length < end) return { kind: "more", atLeast: end };
  const tlvs = blockEnd === end ? NO_TLVS : decodeTlvs(bytes, blockEnd, end);
  if (!tlvs) return malformed("the TLVs do not end where the header ends");
  const addresses = family === 1 ? readIpv4Block(bytes) : readIpv6Block(bytes);
  if (!addresses) return malformed("the source or the destination is not a unicast address");
  return { kind: "accept", consumed: end, header: { version: "V2", addresses, tlvs } };
}

/** LOCAL is skipped without a look at family, addresses or TLVs (PP-29, PP-30). */
function decodeLocal(length: number, end: number): HeaderVerdict {
  if (length < end) return { kind: "more", atLeast: end };
  return { kind: "accept", consumed: end, header: { version: "V2", tlvs: NO_TLVS } };
}

function readIpv4Block(bytes: Buffer): ProxyAddresses | undefined {
  const source = bytes.readUInt32BE(16);
  const destination = bytes.readUInt32BE(20);
  if (!isUnicastIpv4(source) || !isUnicastIpv4(destination)) return undefined;
  return {
    source: ipv4(source, bytes.readUInt16BE(24)),
    destination: ipv4(destination, bytes.readUInt16BE(26)),
  };
}

function readIpv6Block(bytes: Buffer): ProxyAddresses | undefined {
  if (!isUnicastIpv6(bytes, 16) || !isUnicastIpv6(bytes, 32)) return undefined;
  return {
    source: { address: formatIpv6(bytes, 16), port: bytes.readUInt16BE(48), family: "IPv6" },
    destination: { address: formatIpv6(bytes, 32), port: bytes.readUInt16BE(50), family: "IPv6" },
  };
}

function ipv4(value: number, port: number): SocketAddress {
  return { address: formatIpv4(value), port, family: "IPv4" };
}

function malformed(reason: string): HeaderVerdict {
  return { kind: "refuse", cause: "malformed", version: "V2", reason };
}
