import { isIPv4, isIPv6 } from "node:net";

/** An IPv4 or IPv6 address with a port. IPv6 is in canonical compressed lower case, without a zone. */
export interface IpAddress {
  readonly kind: "ip";
  readonly family: 4 | 6;
  readonly address: string;
  /** 0..65535; 0 where a port has no meaning yet. */
  readonly port: number;
}

/** A unix-domain socket. */
export interface PipeAddress {
  readonly kind: "pipe";
  readonly path: string;
}

export type Address = IpAddress | PipeAddress;

/**
 * An `IpAddress` from text in any form that the system's own functions give out, or undefined when `address` is no IP address.
 * A zone (`fe80::1%eth0`) is dropped: it means nothing to any other host, and Envoy 1.40 falls over it (catalogue, section Q).
 */
export function ipAddress(address: string, port: number): IpAddress | undefined {
  if (isIPv4(address)) return { kind: "ip", family: 4, address, port };
  const zone = address.indexOf("%");
  const bare = zone < 0 ? address : address.slice(0, zone);
  if (!isIPv6(bare)) return undefined;
  return { kind: "ip", family: 6, address: formatIpv6(parseIpv6(bare)), port };
}

/**
 * The address of a socket's end as the kernel gave it. On a dual-stack socket an IPv4 peer arrives as `::ffff:a.b.c.d` and is an
 * IPv4 address for everybody behind this function (PP-62).
 */
export function socketAddress(address: string | undefined, port: number | undefined): Address {
  if (address === undefined) return { kind: "pipe", path: "" };
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return { kind: "ip", family: 4, address: mapped[1]!, port: port ?? 0 };
  return ipAddress(address, port ?? 0) ?? { kind: "pipe", path: address };
}

/** `1.2.3.4:80`, `[::1]:80` or the path of a pipe: Envoy's way to write an address. */
export function formatAddress(address: Address): string {
  if (address.kind === "pipe") return address.path;
  return address.family === 4 ? `${address.address}:${address.port}` : `[${address.address}]:${address.port}`;
}

/** The address without its port and without brackets; the path of a pipe. */
export function formatHost(address: Address): string {
  return address.kind === "pipe" ? address.path : address.address;
}

/** True when both mean the same end, port included. */
export function isSameAddress(a: Address, b: Address): boolean {
  return formatAddress(a) === formatAddress(b);
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: Address): boolean {
  if (address.kind === "pipe") return true;
  return address.family === 4 ? address.address.startsWith("127.") : address.address === "::1";
}

/** The 4 or 16 bytes of an address in network order. */
export function addressBytes(address: IpAddress): Uint8Array {
  return address.family === 4 ? parseIpv4(address.address) : parseIpv6(address.address);
}

function parseIpv4(text: string): Uint8Array {
  return Uint8Array.from(text.split("."), Number);
}

function parseIpv6(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const gap = text.indexOf("::");
  const head = gap < 0 ? text : text.slice(0, gap);
  const tail = gap < 0 ? "" : text.slice(gap + 2);
  const front = groupBytes(head);
  const back = groupBytes(tail);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return [...parseIpv4(group)];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/**
 * RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups compressed (the first of equal ones), and
 * v4-mapped addresses with a dotted tail.
 */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${bytes.slice(12).join(".")}`;
  const run = longestZeroRun(groups);
  if (run.length < 2) return hexGroups(groups);
  return `${hexGroups(groups.slice(0, run.start))}::${hexGroups(groups.slice(run.start + run.length))}`;
}

function hexGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (index < groups.length && groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}
