import { parseIp } from "../../base/ip-address.ts";
import type { Range } from "./hop-settings.ts";

/**
 * An address on its way: an IP address, or `<edge>` for that of a machine whose address is not known here.
 */
export type TracedAddress = string;

/** A PROXY header; without a source it is UNKNOWN or LOCAL. */
export interface TracedHeader {
  readonly version: "V1" | "V2";
  readonly source?: TracedAddress;
}

/** What a connection, and a request on it, brings to a hop. */
export interface Wire {
  /** The TCP peer. */
  readonly tcpSource: TracedAddress;
  /** Headers at the start of the stream, the first one first. */
  readonly headers: readonly TracedHeader[];
  /** The entries of x-forwarded-for; absent without that header. */
  readonly xff?: readonly string[];
}

/** Somebody from anywhere, who is in no range of addresses that a configuration names. */
export const stranger: TracedAddress = "<stranger>";

export function isAddress(text: string): boolean {
  return text.startsWith("<") || parseIp(text) !== undefined;
}

/** True when a known address lies in one of the ranges; one that is not known lies in none. */
export function isInOneOf(ranges: readonly Range[], address: TracedAddress): boolean {
  const bytes = parseIp(address);
  return (
    bytes !== undefined &&
    ranges.some(({ address: prefix, bits }) => {
      const first = parseIp(prefix);
      return first?.length === bytes.length && haveSameStart(first, bytes, bits);
    })
  );
}

function haveSameStart(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  return a.every((byte, index) => {
    const mask = (0xff << Math.max(0, 8 - Math.max(0, bits - index * 8))) & 0xff;
    return (byte & mask) === (b[index]! & mask);
  });
}

/** True when the ranges let the address pass: there are none, or it lies in one, or nobody knows. */
export function mayPass(ranges: readonly Range[], address: TracedAddress): boolean {
  const isUnknown = address.startsWith("<") && address !== stranger;
  return ranges.length === 0 || isUnknown || isInOneOf(ranges, address);
}
