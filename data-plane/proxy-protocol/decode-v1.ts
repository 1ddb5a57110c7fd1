import type { IpFamily, SocketAddress } from "../../src/base/ip-address.ts";
import { parseIpv4 } from "../../src/base/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../../src/base/ipv6.ts";
import type { ProxyHeader } from "./header.ts";
import { isUnicastIpv4, isUnicastIpv6 } from "./unicast.ts";

const UNKNOWN: ProxyHeader = { version: "V1", tlvs: [] };

/**
 * The header that a whole line stands for, or why it is none (PP-12 to PP-24). `line` is the latin1 text from
 * the first byte to the CRLF, included.
 */
export function decodeV1Line(line: string): ProxyHeader | { readonly reason: string } {
  const fields = line.slice(0, endOfText(line)).split(" ");
  if (fields.length < 2 || fields[0] !== "PROXY") return { reason: "the line does not begin with PROXY" };
  const protocol = fields[1]!;
  if (protocol === "UNKNOWN") return UNKNOWN;
  if (protocol !== "TCP4" && protocol !== "TCP6")
    return { reason: "the protocol is not TCP4, TCP6 or UNKNOWN" };
  if (fields.length !== 6) return { reason: `the line has ${fields.length} fields, not 6` };
  const family = protocol === "TCP4" ? "IPv4" : "IPv6";
  const source = decodeEnd(family, fields[2]!, fields[4]!);
  if (!source) return { reason: `the source is not an ${family} unicast address and a port` };
  const destination = decodeEnd(family, fields[3]!, fields[5]!);
  if (!destination) return { reason: `the destination is not an ${family} unicast address and a port` };
  return { version: "V1", addresses: { source, destination }, tlvs: UNKNOWN.tlvs };
}

function decodeEnd(family: IpFamily, text: string, portText: string): SocketAddress | undefined {
  const port = decodePort(portText);
  if (port === undefined) return undefined;
  if (family === "IPv4") {
    const value = parseIpv4(text);
    return value !== undefined && isUnicastIpv4(value) ? { address: text, port, family } : undefined;
  }
  const bytes = parseIpv6(text);
  return bytes && isUnicastIpv6(bytes, 0) ? { address: formatIpv6(bytes), port, family } : undefined;
}

/** Decimal, 0 to 65535. White space around it and one `+` are let through, as Envoy's number parser does (PP-23). */
function decodePort(text: string): number | undefined {
  const end = endOfText(text);
  let index = 0;
  while (index < end && isSpace(text.charCodeAt(index))) index += 1;
  if (text.charCodeAt(index) === 43) index += 1;
  if (index === end) return undefined;
  let port = 0;
  for (; index < end; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
    if (port > 65535) return undefined;
  }
  return port;
}

/** Where the white space at the end begins (PP-17). */
function endOfText(text: string): number {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return end;
}

/** Space, and tab, LF, VT, FF, CR: what C's `isspace` takes. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}
