import { formatIp, socketAddress, type SocketAddress } from "../../base/ip-address.ts";
import { checkCrc } from "./check-crc.ts";
import type { Dissected, Finding } from "./dissected.ts";
import { dissectTlvs } from "./dissect-tlvs.ts";

const fixedBytes = 16;
const commands = ["LOCAL", "PROXY"] as const;

interface Family {
  readonly name: string;
  /** Of one address. */
  readonly addressBytes: number;
}

const families: readonly Family[] = [
  { name: "unspecified", addressBytes: 0 },
  { name: "IPv4", addressBytes: 4 },
  { name: "IPv6", addressBytes: 16 },
  { name: "UNIX", addressBytes: 108 },
];

/** Takes a version 2 header apart. `bytes` begins with the signature, or with as much of it as there is. */
export function dissectV2(bytes: Buffer, tlvTypeName: (type: number) => string): Dissected {
  const findings: Finding[] = [];
  const refuse = (offset: number, message: string) => findings.push({ severity: "error", offset, message });
  if (bytes.length < fixedBytes) {
    refuse(bytes.length, `the bytes end here, a version 2 header has at least ${fixedBytes}`);
    return { version: "V2", length: bytes.length, isWhole: false, tlvs: [], findings };
  }
  const [version, commandNumber] = [bytes[12]! >>> 4, bytes[12]! & 15];
  if (version !== 2) refuse(12, `the version is ${version}, expected 2`);
  const command = commands[commandNumber];
  if (!command) refuse(12, `the command is ${commandNumber}, expected 0 (LOCAL) or 1 (PROXY)`);
  const family = families[bytes[13]! >>> 4];
  const protocol = ["unspecified", "stream", "datagram"][bytes[13]! & 15];
  if (!family) refuse(13, `the address family is ${bytes[13]! >>> 4}, expected 0 to 3`);
  if (!protocol) refuse(13, `the transport is ${bytes[13]! & 15}, expected 0 to 2`);
  const bodyLength = bytes.readUInt16BE(14);
  const length = fixedBytes + bodyLength;
  const isWhole = bytes.length >= length;
  if (!isWhole) refuse(bytes.length, `the bytes end here, the header says that it has ${length}`);
  const header = bytes.subarray(0, Math.min(length, bytes.length));
  const blockBytes = family ? family.addressBytes * 2 + (isIp(family) ? 4 : 0) : 0;
  if (family && bodyLength < blockBytes && command !== "LOCAL") {
    refuse(14, `the length is ${bodyLength}, ${family.name} addresses need ${blockBytes}`);
  }
  const hasBlock = family !== undefined && header.length >= fixedBytes + blockBytes;
  const tlvs = hasBlock ? dissectTlvs(header, fixedBytes + blockBytes, isWhole, tlvTypeName, findings) : [];
  if (isWhole) checkCrc(header, tlvs, findings);
  if (command === "LOCAL" && bodyLength > 0) {
    findings.push({
      severity: "info",
      offset: fixedBytes,
      message:
        "the command is LOCAL: readers skip the addresses and TLVs, and keep the connection's own addresses",
    });
  }
  const ends = hasBlock && blockBytes > 0 ? addressesOf(header, family) : undefined;
  return {
    version: "V2",
    length: header.length,
    isWhole,
    ...(command && { command }),
    ...(family && protocol && { transport: transportText(family, protocol) }),
    ...ends,
    tlvs,
    findings,
  };
}

function isIp({ name }: Family): boolean {
  return name === "IPv4" || name === "IPv6";
}

function transportText(family: Family, protocol: string): string {
  if (!isIp(family)) return `${family.name} ${protocol}`;
  const name = { stream: "TCP", datagram: "UDP" }[protocol] ?? "unspecified";
  return `${name} over ${family.name}`;
}

function addressesOf(
  header: Buffer,
  family: Family,
): { source: SocketAddress | string; destination: SocketAddress | string } {
  const size = family.addressBytes;
  const [from, to] = [header.subarray(fixedBytes, fixedBytes + size), header.subarray(fixedBytes + size)];
  if (!isIp(family)) return { source: pathOf(from), destination: pathOf(to.subarray(0, size)) };
  const portsAt = fixedBytes + size * 2;
  return {
    source: ipEnd(from, header.readUInt16BE(portsAt)),
    destination: ipEnd(to.subarray(0, size), header.readUInt16BE(portsAt + 2)),
  };
}

function ipEnd(address: Buffer, port: number): SocketAddress {
  const end = socketAddress(formatIp(address), port);
  if (!end) throw new Error("bytes of an address always have a text that is one");
  return end;
}

/** A path fills its 108 bytes up with NUL; one that begins with NUL is abstract. */
function pathOf(bytes: Buffer): string {
  const isAbstract = bytes[0] === 0 && bytes[1] !== 0;
  const text = bytes.toString("latin1", isAbstract ? 1 : 0);
  const end = text.indexOf("\0");
  return `unix:${isAbstract ? "@" : ""}${end < 0 ? text : text.slice(0, end)}`;
}
