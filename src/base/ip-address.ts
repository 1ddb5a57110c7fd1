import { formatIpv4, parseIpv4 } from "./ipv4.ts";
import { formatIpv6, parseIpv6 } from "./ipv6.ts";

/** As in `net.AddressInfo` of Node. A v4-mapped IPv6 address is IPv6 (PP-21). */
export type IpFamily = "IPv4" | "IPv6";

/** An IP address and port. `address` is canonical text, without brackets, zone or prefix. */
export interface SocketAddress {
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
  readonly family: IpFamily;
}

/** The 4 or 16 bytes of an address in network order, or undefined when `text` is no IP address. */
export function parseIp(text: string): Uint8Array | undefined {
  const value = parseIpv4(text);
  if (value === undefined) return parseIpv6(text);
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Canonical text of 4 or 16 bytes. Throws a RangeError for any other number of bytes. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 16) return formatIpv6(bytes);
  if (bytes.length !== 4) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  return formatIpv4(bytes[0]! * 0x1000000 + ((bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!));
}

/** Canonical address of `text` with `port`, or undefined when `text` is no IP address. */
export function socketAddress(text: string, port: number): SocketAddress | undefined {
  if (parseIpv4(text) !== undefined) return { address: text, port, family: "IPv4" };
  const bytes = parseIpv6(text);
  return bytes && { address: formatIpv6(bytes), port, family: "IPv6" };
}

/** `203.0.113.9:443` or `[2001:db8::9]:443`, as Envoy writes addresses in logs, stats and the admin interface. */
export function formatSocketAddress({ address, port, family }: SocketAddress): string {
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

/** True when both name the same address and port. */
export function isSameAddress(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.family === b.family && a.address === b.address;
}
