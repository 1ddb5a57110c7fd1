import type { SocketAddress } from "../../base/ip-address.ts";
import type { HeaderCodec } from "../header-codec.ts";
import { searchCapture } from "./capture/find-headers.ts";
import { dissect, versionOf } from "./dissect.ts";
import type { Dissected, Finding } from "./dissected.ts";
import type { ReadInput } from "./read-bytes.ts";

/** What was read of one header. */
export interface DecodedHeader {
  /** Of a capture: which connection, and in which packet it begins. */
  readonly connection?: { readonly from: string; readonly to: string; readonly frame: number };
  readonly header: Dissected;
  /** What Envoy's listener filter does with it, which is laxer here and stricter there. */
  readonly envoy: { readonly isAccepted: boolean; readonly reason?: string; readonly client?: SocketAddress };
  /** Bytes behind the header. */
  readonly payloadBytes: number;
}

export interface DecodeReport {
  readonly form: ReadInput["form"];
  readonly headers: readonly DecodedHeader[];
  /** Why there is no header, and what could not be read of a capture. */
  readonly problems: readonly Finding[];
  /** Of a capture: directions in which something was sent, those without a header included. */
  readonly streams?: number;
}

/** Decodes an input, or each header in it when it is a capture. */
export function decodeInput({ form, bytes }: ReadInput, codec: HeaderCodec): DecodeReport {
  if (form === "capture") return decodeCapture(bytes, codec);
  const found = dissect(bytes, codec.tlvTypeName);
  if ("severity" in found) return { form, headers: [], problems: [found] };
  return { form, headers: [decoded(found, bytes, codec)], problems: [] };
}

/** True when there is a header and nothing is wrong with any of them. */
export function isRight({ headers, problems }: DecodeReport): boolean {
  const findings = [...problems, ...headers.flatMap(({ header }) => header.findings)];
  return headers.length > 0 && findings.every(({ severity }) => severity !== "error");
}

function decodeCapture(file: Buffer, codec: HeaderCodec): DecodeReport {
  const { streams, frames, problems } = searchCapture(file);
  const headers = streams.flatMap(({ bytes, ...connection }) => {
    const found = versionOf(bytes) && dissect(bytes, codec.tlvTypeName);
    return found && !("severity" in found) ? [{ connection, ...decoded(found, bytes, codec) }] : [];
  });
  const none = `none of ${streams.length} directions of TCP connections in ${frames} packets begins with a header`;
  const messages = headers.length === 0 ? [...problems, none] : problems;
  return {
    form: "capture",
    headers,
    streams: streams.length,
    problems: messages.map((message) => ({
      severity: headers.length === 0 ? "error" : "warning",
      offset: 0,
      message,
    })),
  };
}

function decoded(header: Dissected, bytes: Buffer, codec: HeaderCodec): DecodedHeader {
  const policy = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] } as const;
  const verdict = codec.decodeHeader(bytes, policy);
  const payloadBytes = header.isWhole ? bytes.length - header.length : 0;
  if (verdict.kind === "accept") {
    const client = verdict.header.addresses?.source;
    return { header, envoy: { isAccepted: true, ...(client && { client }) }, payloadBytes };
  }
  const reason = verdict.kind === "refuse" ? verdict.reason : "it waits for the rest of the header";
  return { header, envoy: { isAccepted: false, reason }, payloadBytes };
}
