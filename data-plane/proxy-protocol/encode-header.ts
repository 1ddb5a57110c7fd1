import { parseIpv4 } from "../../src/base/ipv4.ts";
import { parseIpv6 } from "../../src/base/ipv6.ts";
import type { SocketAddress } from "../../src/base/ip-address.ts";
import type { ProxyAddresses, Tlv } from "./header.ts";
import { TLV_FIXED_BYTES } from "./tlv.ts";
import {
  V2_FIXED_BYTES,
  V2_IPV4_BLOCK_BYTES,
  V2_IPV6_BLOCK_BYTES,
  V2_MAX_BODY_BYTES,
  V2_SIGNATURE,
} from "./wire.ts";

/**
 * A version 1 line with its CRLF, or `PROXY UNKNOWN` without addresses. The protocol word follows the family
 * of the source (PP-96). Version 1 has no TLVs.
 */
export function encodeV1(addresses?: ProxyAddresses): Buffer {
  if (!addresses) return Buffer.from("PROXY UNKNOWN\r\n", "latin1");
  const { source, destination } = addresses;
  const protocol = source.family === "IPv4" ? "TCP4" : "TCP6";
  return Buffer.from(
    `PROXY ${protocol} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`,
    "latin1",
  );
}

/** A version 2 header, and the TLVs that found no room in it (they are left out whole, PP-106). */
export interface EncodedV2 {
  readonly bytes: Buffer;
  /** Not 0: raise `upstream.proxyprotocol.v2_tlvs_exceed_max_length` of the cluster by one. */
  readonly omittedTlvs: number;
}

/**
 * A version 2 header: PROXY over a stream with the addresses and TLVs in the order given, or the bare LOCAL
 * header when there are no addresses (PP-95, PP-97, PP-118). Throws a RangeError for addresses that are not of
 * one family or no addresses at all, which neither a socket nor a received header can give.
 */
export function encodeV2(addresses: ProxyAddresses | undefined, tlvs: readonly Tlv[]): EncodedV2 {
  if (!addresses) return { bytes: encodeLocal(), omittedTlvs: 0 };
  const { source, destination } = addresses;
  const blockLength = source.family === "IPv4" ? V2_IPV4_BLOCK_BYTES : V2_IPV6_BLOCK_BYTES;
  const fitting = fitTlvs(tlvs, V2_MAX_BODY_BYTES - blockLength);
  const bodyLength = fitting.reduce((sum, tlv) => sum + TLV_FIXED_BYTES + tlv.value.length, blockLength);
  const bytes = Buffer.allocUnsafe(V2_FIXED_BYTES + bodyLength);
  V2_SIGNATURE.copy(bytes);
  bytes[12] = 0x21;
  bytes[13] = source.family === "IPv4" ? 0x11 : 0x21;
  bytes.writeUInt16BE(bodyLength, 14);
  let at = writeAddress(bytes, V2_FIXED_BYTES, source, source);
  at = writeAddress(bytes, at, destination, source);
  at = bytes.writeUInt16BE(source.port, at);
  at = bytes.writeUInt16BE(destination.port, at);
  for (const { type, value } of fitting) {
    at = bytes.writeUInt8(type & 0xff, at);
    at = bytes.writeUInt16BE(value.length, at);
    bytes.set(value, at);
    at += value.length;
  }
  return { bytes, omittedTlvs: tlvs.length - fitting.length };
}

function encodeLocal(): Buffer {
  return Buffer.concat([V2_SIGNATURE, Buffer.of(0x20, 0, 0, 0)]);
}

/** Leaves out each TLV that would go over the room; a later, smaller one may still go in. */
function fitTlvs(tlvs: readonly Tlv[], room: number): readonly Tlv[] {
  let left = room;
  return tlvs.filter(({ value }) => {
    const size = TLV_FIXED_BYTES + value.length;
    if (size > left) return false;
    left -= size;
    return true;
  });
}

function writeAddress(bytes: Buffer, at: number, end: SocketAddress, source: SocketAddress): number {
  if (end.family === source.family) {
    if (end.family === "IPv4") {
      const value = parseIpv4(end.address);
      if (value !== undefined) return bytes.writeUInt32BE(value, at);
    } else {
      const value = parseIpv6(end.address);
      if (value) {
        bytes.set(value, at);
        return at + 16;
      }
    }
  }
  throw new RangeError(`not an ${source.family} address: ${JSON.stringify(end.address)}`);
}
