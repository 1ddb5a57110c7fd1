import { parseIp } from "../../src/base/ip-address.ts";

/** One TCP segment of a capture that a test makes. */
export interface SegmentToCapture {
  readonly from: readonly [string, number];
  readonly to: readonly [string, number];
  readonly sequence: number;
  readonly isSyn?: boolean;
  readonly payload?: Uint8Array;
}

/** A raw IP packet with the segment; checksums are zero, which readers of captures do not mind. */
export function ipPacket({ from, to, sequence, isSyn, payload = Buffer.alloc(0) }: SegmentToCapture): Buffer {
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from[1], 0);
  tcp.writeUInt16BE(to[1], 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp[12] = 0x50;
  tcp[13] = isSyn ? 2 : 16;
  const [source, destination] = [parseIp(from[0])!, parseIp(to[0])!];
  const isIpv6 = source.length === 16;
  const ip = Buffer.alloc(isIpv6 ? 8 : 12);
  if (isIpv6) {
    ip[0] = 0x60;
    ip.writeUInt16BE(20 + payload.length, 4);
    ip[6] = 6;
  } else {
    ip[0] = 0x45;
    ip.writeUInt16BE(40 + payload.length, 2);
    ip[9] = 6;
  }
  return Buffer.concat([ip, source, destination, tcp, payload]);
}

/** The packet on Ethernet, in a VLAN when that is given, padded to the least size of a frame. */
export function ethernetFrame(packet: Buffer, vlan?: number): Buffer {
  const type = packet[0]! >>> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  const tag = vlan === undefined ? [] : [0x81, 0x00, vlan >>> 8, vlan & 255];
  const frame = Buffer.concat([Buffer.alloc(12), Buffer.from([...tag, ...type]), packet]);
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, 60 - frame.length), 0xaa)]);
}

/** A pcap file with these packets. */
export function pcap(
  linkType: number,
  packets: readonly Buffer[],
  order: "little" | "big" = "little",
): Buffer {
  const words = order === "little" ? littleEndian : bigEndian;
  const records = packets.flatMap((packet) => [words(1, 2, packet.length, packet.length), packet]);
  // Major and minor version are 16 bits wide each.
  const version = order === "little" ? 0x00040002 : 0x00020004;
  return Buffer.concat([words(0xa1b2c3d4, version, 0, 0, 65_535, linkType), ...records]);
}

/** A pcapng file, little-endian, with one interface; every second packet is in a simple packet block. */
export function pcapng(linkType: number, packets: readonly Buffer[]): Buffer {
  const block = (type: number, body: Buffer) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    return Buffer.concat([littleEndian(type, padded.length + 12), padded, littleEndian(padded.length + 12)]);
  };
  const section = block(0x0a0d0d0a, littleEndian(0x1a2b3c4d, 1, -1, -1));
  const face = block(1, littleEndian(linkType, 0));
  const blocks = packets.map((packet, index) =>
    index % 2 === 0
      ? block(6, Buffer.concat([littleEndian(0, 0, 0, packet.length, packet.length), packet]))
      : block(3, Buffer.concat([littleEndian(packet.length), packet])),
  );
  // A block of statistics, which readers skip.
  return Buffer.concat([section, face, block(5, littleEndian(0, 0, 0)), ...blocks]);
}

function littleEndian(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return bytes;
}

function bigEndian(...values: readonly number[]): Buffer {
  return littleEndian(...values).swap32();
}
