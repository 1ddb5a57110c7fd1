import { formatIp } from "../../../base/ip-address.ts";
import type { Frame } from "./frame.ts";

/** The TCP part of a packet. */
export interface TcpSegment {
  /** `203.0.113.9:40000` or `[2001:db8::1]:40000`. */
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly isSyn: boolean;
  readonly payload: Buffer;
}

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const vlanTags = new Set([0x8100, 0x88a8]);
const TCP = 6;
/** Hop-by-hop, routing and destination options: next header, length in units of 8 bytes. */
const skippedHeaders = new Set([0, 43, 60]);

/** Bytes before the IP packet of link types that have a header of fixed size. */
const linkHeaderBytes: ReadonlyMap<number, number> = new Map([
  [0, 4], // BSD loopback
  [108, 4], // OpenBSD loopback
  [12, 0], // raw IP, as some systems number it
  [14, 0],
  [101, 0],
  [228, 0], // raw IPv4
  [229, 0], // raw IPv6
  [113, 16], // Linux cooked, of `tcpdump -i any`
  [276, 20], // its second version
]);
const ETHERNET = 1;

/** True for a link type whose packets can be read. */
export function isKnownLinkType(linkType: number): boolean {
  return linkType === ETHERNET || linkHeaderBytes.has(linkType);
}

/** The TCP segment in a frame; undefined for other protocols, fragments, and packets that are cut or broken. */
export function tcpSegmentOf({ linkType, bytes }: Frame): TcpSegment | undefined {
  const at = linkType === ETHERNET ? afterEthernet(bytes) : linkHeaderBytes.get(linkType);
  if (at === undefined || at >= bytes.length) return undefined;
  const packet = bytes.subarray(at);
  return packet[0]! >>> 4 === 6 ? ofIpv6(packet) : ofIpv4(packet);
}

function afterEthernet(bytes: Buffer): number | undefined {
  let at = 12;
  while (at + 2 <= bytes.length && vlanTags.has(bytes.readUInt16BE(at))) at += 4;
  if (at + 2 > bytes.length) return undefined;
  const type = bytes.readUInt16BE(at);
  return type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6 ? at + 2 : undefined;
}

function ofIpv4(packet: Buffer): TcpSegment | undefined {
  if (packet.length < 20 || packet[0]! >>> 4 !== 4 || packet[9] !== TCP) return undefined;
  const isFragment = (packet.readUInt16BE(6) & 0x3fff) !== 0;
  if (isFragment) return undefined;
  // Segmentation offload leaves the length 0; what Ethernet pads is not part of it.
  const total = packet.readUInt16BE(2) || packet.length;
  const headerBytes = (packet[0]! & 15) * 4;
  return ofTcp(packet.subarray(headerBytes, total), packet.subarray(12, 16), packet.subarray(16, 20));
}

function ofIpv6(packet: Buffer): TcpSegment | undefined {
  if (packet.length < 40) return undefined;
  const payloadBytes = packet.readUInt16BE(4);
  const end = payloadBytes === 0 ? packet.length : 40 + payloadBytes;
  let [next, at] = [packet[6]!, 40];
  while (skippedHeaders.has(next) && at + 8 <= packet.length) {
    [next, at] = [packet[at]!, at + 8 + packet[at + 1]! * 8];
  }
  if (next !== TCP) return undefined;
  return ofTcp(packet.subarray(at, end), packet.subarray(8, 24), packet.subarray(24, 40));
}

function ofTcp(segment: Buffer, source: Buffer, destination: Buffer): TcpSegment | undefined {
  if (segment.length < 20) return undefined;
  const dataAt = (segment[12]! >>> 4) * 4;
  if (dataAt < 20 || dataAt > segment.length) return undefined;
  return {
    from: endText(source, segment.readUInt16BE(0)),
    to: endText(destination, segment.readUInt16BE(2)),
    sequence: segment.readUInt32BE(4),
    isSyn: (segment[13]! & 2) !== 0,
    payload: segment.subarray(dataAt),
  };
}

function endText(address: Buffer, port: number): string {
  const text = formatIp(address);
  return address.length === 16 ? `[${text}]:${port}` : `${text}:${port}`;
}
