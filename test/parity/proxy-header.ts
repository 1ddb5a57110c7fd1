import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import type { ProxyHeader } from "../../data-plane/proxy-protocol/header.ts";

/** A PROXY header in a line: `V2 127.0.0.1:4000 -> 10.0.0.1:80 e4=666f6f`, or `V1 without addresses`. */
export function headerText({ version, addresses, tlvs }: ProxyHeader): string {
  const pair = addresses
    ? `${addresses.source.address}:${addresses.source.port} -> ${addresses.destination.address}:${addresses.destination.port}`
    : "without addresses";
  const values = tlvs.map(({ type, value }) => ` ${type.toString(16)}=${Buffer.from(value).toString("hex")}`);
  return `${version} ${pair}${values.join("")}`;
}

/** What an upstream got, the PROXY header told in words: `{ header, payload }`; `header` says what it is if it is none. */
export function splitHeader(received: Buffer): { readonly header: string; readonly payload: string } {
  const verdict = decodeHeader(received, { allowRequestsWithoutProxyProtocol: true, disallowedVersions: [] });
  const isHeader = verdict.kind === "accept";
  return {
    header: isHeader ? headerText(verdict.header) : verdict.kind,
    payload: received.toString("latin1", isHeader ? verdict.consumed : 0),
  };
}
