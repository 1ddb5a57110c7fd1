import { decodeV1Line } from "./decode-v1.ts";
import { decodeV2 } from "./decode-v2.ts";
import type { ProxyProtocolVersion } from "./header.ts";
import type { HeaderVerdict } from "./verdict.ts";
import { V1_MAX_LINE_BYTES, V1_SIGNATURE, V2_FIXED_BYTES, V2_SIGNATURE } from "./wire.ts";

/** Which headers a listener takes: two fields of `envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol`. */
export interface HeaderPolicy {
  /** Connections whose first bytes fit no header go on as they are. Default of the field: false. */
  readonly allowRequestsWithoutProxyProtocol: boolean;
  /** Not both: such a configuration is refused at load (PP-129). */
  readonly disallowedVersions: readonly ProxyProtocolVersion[];
}

/** Envoy's read window before a header's length is known: an end of line beyond it is not seen. */
const FIRST_WINDOW_BYTES = 232;
const CR = 13;
const LF = 10;

/**
 * Judges the bytes received so far. The answer depends on nothing else, so bytes may arrive in any pieces: ask
 * again with all of them when there are more (PP-7); `atLeast` of the answer `more` says from when that is
 * worth it. No bytes at all wait (PP-2, PP-44).
 */
export function decodeHeader(bytes: Buffer, policy: HeaderPolicy): HeaderVerdict {
  const { length } = bytes;
  const { disallowedVersions } = policy;
  const beginsLikeV2 = hasPrefix(bytes, V2_SIGNATURE);
  if (policy.allowRequestsWithoutProxyProtocol) {
    // A version that is disallowed is not looked for either, so its header is payload (PP-50).
    const mayBeV2 = beginsLikeV2 && !disallowedVersions.includes("V2");
    const mayBeV1 = hasPrefix(bytes, V1_SIGNATURE) && !disallowedVersions.includes("V1");
    if (!mayBeV1 && !mayBeV2) return { kind: "pass-through" };
  }
  if (length >= V2_FIXED_BYTES) {
    if (beginsLikeV2) return disallowedVersions.includes("V2") ? disallowed("V2") : decodeV2(bytes);
    if (!hasPrefix(bytes, V1_SIGNATURE)) return notFound("the first bytes fit no PROXY header");
  }
  return decodeV1(bytes, disallowedVersions);
}

function decodeV1(bytes: Buffer, disallowedVersions: readonly ProxyProtocolVersion[]): HeaderVerdict {
  const { length } = bytes;
  const lineLength = findLine(bytes);
  if (lineLength === undefined) {
    if (length > V1_MAX_LINE_BYTES) return notFound(`no end of line within ${V1_MAX_LINE_BYTES} bytes`);
    return { kind: "more", atLeast: length + 1 };
  }
  if (lineLength > V1_MAX_LINE_BYTES) {
    return malformed(`the line has ${lineLength} bytes, the limit is ${V1_MAX_LINE_BYTES}`);
  }
  // Before the line is read: a malformed one counts as disallowed too (PP-47).
  if (disallowedVersions.includes("V1")) return disallowed("V1");
  const header = decodeV1Line(bytes.toString("latin1", 0, lineLength));
  return "reason" in header ? malformed(header.reason) : { kind: "accept", consumed: lineLength, header };
}

/**
 * Length of the first line with its CRLF, the only end of line there is (PP-14). Input that begins with CRLF
 * has none, since it may become a version 2 signature (PP-6).
 */
function findLine(bytes: Buffer): number | undefined {
  const end = Math.min(bytes.length, FIRST_WINDOW_BYTES);
  if (bytes[0] === CR && bytes[1] === LF) return undefined;
  for (let index = 2; index < end; index += 1) {
    if (bytes[index] === LF && bytes[index - 1] === CR) return index + 1;
  }
  return undefined;
}

/** True when the bytes so far and the signature do not differ yet. */
function hasPrefix(bytes: Buffer, signature: Buffer): boolean {
  const end = Math.min(bytes.length, signature.length);
  for (let index = 0; index < end; index += 1) {
    if (bytes[index] !== signature[index]) return false;
  }
  return true;
}

function notFound(reason: string): HeaderVerdict {
  return { kind: "refuse", cause: "not-found", reason };
}

function malformed(reason: string): HeaderVerdict {
  return { kind: "refuse", cause: "malformed", version: "V1", reason };
}

function disallowed(version: ProxyProtocolVersion): HeaderVerdict {
  return {
    kind: "refuse",
    cause: "disallowed",
    version,
    reason: `version ${version.slice(1)} is disallowed`,
  };
}
