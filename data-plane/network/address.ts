import type { SocketAddress } from "../../src/base/ip-address.ts";
import {
  formatSocketAddress,
  isSameAddress as isSameSocketAddress,
  socketAddress,
} from "../../src/base/ip-address.ts";

/** A unix-domain socket. */
interface PipeAddress {
  readonly family: "pipe";
  /** Empty for an unnamed socket, such as a client's. */
  readonly path: string;
}

/** One end of a connection. */
export type Address = SocketAddress | PipeAddress;

/**
 * The end of a socket as the kernel gave it. On a dual-stack socket an IPv4 peer arrives as `::ffff:a.b.c.d` and is an IPv4
 * address for everybody behind this function (PP-62). A zone is dropped: it means nothing to any other host.
 */
export function endpointAddress(address: string | undefined, port: number | undefined): Address {
  if (address === undefined) return { family: "pipe", path: "" };
  const zone = address.indexOf("%");
  const bare = zone < 0 ? address : address.slice(0, zone);
  const isMapped = bare.startsWith("::ffff:") && bare.includes(".");
  const found = socketAddress(isMapped ? bare.slice("::ffff:".length) : bare, port ?? 0);
  return found ?? { family: "pipe", path: address };
}

/** `1.2.3.4:80`, `[::1]:80` or the path of a pipe: Envoy's way to write an address. */
export function formatAddress(address: Address): string {
  return address.family === "pipe" ? address.path : formatSocketAddress(address);
}

/** The address without its port and without brackets; the path of a pipe. */
export function formatHost(address: Address): string {
  return address.family === "pipe" ? address.path : address.address;
}

/** True when both mean the same end, port included. */
export function isSameAddress(a: Address, b: Address): boolean {
  if (a.family === "pipe" || b.family === "pipe") {
    return a.family === "pipe" && b.family === "pipe" && a.path === b.path;
  }
  return isSameSocketAddress(a, b);
}
