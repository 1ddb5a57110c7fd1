import type { IpFamily, SocketAddress } from "../../src/base/ip-address.ts";
import { parseIpv4 } from "../../src/base/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../../src/base/ipv6.ts";
import type { ProxyHeader } from "./header.ts";
import { isUnicastIpv4, isUnicastIpv6 } from "./unicast.ts";

const UNKNOWN: ProxyHeader = { version: "V1", tlvs: [] };
const SPACE = 32;
const PLUS = 43;

/**
 * The header that a whole line stands for, or why it is none (PP-12 to PP-24). `line` is the latin1 text from
 * the first byte to the CRLF, included. Fields are ranges of the line, since cutting it into strings would cost
 * more than reading it.
 */
export function decodeV1Line(line: string): ProxyHeader | { readonly reason: string } {
  const end = endOfText(line, 0, line.length);
  if (!line.startsWith("PROXY ") || end <= 6) return { reason: "the line does not begin with PROXY" };
  const protocolEnd = endOfField(line, 6, end);
  const protocol = line.slice(6, protocolEnd);
  if (protocol === "UNKNOWN") return UNKNOWN;
  if (protocol !== "TCP4" && protocol !== "TCP6")
    return { reason: "the protocol is not TCP4, TCP6 or UNKNOWN" };
  const sourceEnd = endOfField(line, protocolEnd + 1, end);
  const destinationEnd = endOfField(line, sourceEnd + 1, end);
  const portEnd = endOfField(line, destinationEnd + 1, end);
  if (portEnd >= end || endOfField(line, portEnd + 1, end) < end)
    return { reason: "the line has not 6 fields" };
  const family = protocol === "TCP4" ? "IPv4" : "IPv6";
  const source = decodeEnd(line, family, protocolEnd + 1, sourceEnd, destinationEnd + 1, portEnd);
  if (!source) return { reason: `the source is not an ${family} unicast address and a port` };
  const destination = decodeEnd(line, family, sourceEnd + 1, destinationEnd, portEnd + 1, end);
  if (!destination) return { reason: `the destination is not an ${family} unicast address and a port` };
  return { version: "V1", addresses: { source, destination }, tlvs: UNKNOWN.tlvs };
}

function decodeEnd(
  line: string,
  family: IpFamily,
  start: number,
  end: number,
  portStart: number,
  portEnd: number,
): SocketAddress | undefined {
  const port = decodePort(line, portStart, portEnd);
  if (port === undefined) return undefined;
  if (family === "IPv4") {
    const value = parseIpv4(line, start, end);
    return value !== undefined && isUnicastIpv4(value)
      ? { address: line.slice(start, end), port, family }
      : undefined;
  }
  const bytes = parseIpv6(line, start, end);
  return bytes && isUnicastIpv6(bytes, 0) ? { address: formatIpv6(bytes), port, family } : undefined;
}

/** Decimal, 0 to 65535. White space around it and one `+` are let through, as Envoy's number parser does (PP-23). */
function decodePort(line: string, start: number, fieldEnd: number): number | undefined {
  const end = endOfText(line, start, fieldEnd);
  let index = start;
  while (index < end && isSpace(line.charCodeAt(index))) index += 1;
  if (index < end && line.charCodeAt(index) === PLUS) index += 1;
  if (index >= end) return undefined;
  let port = 0;
  for (; index < end; index += 1) {
    const digit = line.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
    if (port > 65535) return undefined;
  }
  return port;
}

/** The next single space, which ends a field (PP-16); `end` when there is none. */
function endOfField(line: string, start: number, end: number): number {
  let index = start;
  while (index < end && line.charCodeAt(index) !== SPACE) index += 1;
  return Math.min(index, end);
}

/** Where the white space at the end begins (PP-17). */
function endOfText(line: string, start: number, end: number): number {
  let last = end;
  while (last > start && isSpace(line.charCodeAt(last - 1))) last -= 1;
  return last;
}

/** Space, and tab, LF, VT, FF, CR: what C's `isspace` takes. */
function isSpace(code: number): boolean {
  return code === SPACE || (code >= 9 && code <= 13);
}
