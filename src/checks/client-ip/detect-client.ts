import { unreachable } from "../../base/unreachable.ts";
import type { Detection, HttpSettings } from "./hop-settings.ts";
import { isAddress, isInOneOf, type TracedAddress } from "./wire.ts";

/** What the HTTP connection manager finds out about a request. */
export interface DetectedClient {
  /** Whom it takes for the client. */
  readonly client: TracedAddress;
  /** x-forwarded-for as it goes to the upstream. */
  readonly xff?: readonly string[];
  /** Set when the request is answered instead. */
  readonly refusal?: string;
  /** What cannot be predicted. */
  readonly unknown?: string;
}

/** `remote` is the connection's remote address, `xff` the header as it came (PP-64 to PP-68, PP-73, PP-74). */
export function detectClient(
  settings: HttpSettings,
  remote: TracedAddress,
  ownAddress: TracedAddress,
  xff: readonly string[] | undefined,
): DetectedClient {
  const isLocal = remote === "127.0.0.1" || remote === "::1";
  // A client on this machine is told by the machine's own address (PP-65).
  const appended = [...(xff ?? []), isLocal ? ownAddress : remote];
  const unchanged = xff ? { xff } : {};
  if (settings.usesRemoteAddress) {
    const told = settings.trustedHops > 0 ? fromRight(xff, settings.trustedHops - 1) : undefined;
    return { client: told ?? remote, ...(settings.skipsAppend ? unchanged : { xff: appended }) };
  }
  if (settings.detections.length === 0) {
    return { client: fromRight(xff, settings.trustedHops) ?? remote, ...unchanged };
  }
  let appends = false;
  for (const detection of settings.detections) {
    const found = detect(detection, remote, xff);
    if (found.refusal !== undefined || found.unknown !== undefined)
      return { ...found, client: remote, ...unchanged };
    appends = found.appends;
    if (found.client !== undefined)
      return { client: found.client, ...(appends ? { xff: appended } : unchanged) };
  }
  return { client: remote, ...(appends ? { xff: appended } : unchanged) };
}

interface Detected {
  readonly client?: TracedAddress;
  readonly appends: boolean;
  readonly refusal?: string;
  readonly unknown?: string;
}

function detect(detection: Detection, remote: TracedAddress, xff: readonly string[] | undefined): Detected {
  switch (detection.kind) {
    case "xff": {
      const { cidrs, hops, skipsAppend } = detection;
      if (!cidrs) return withClient(fromRight(xff, hops), !skipsAppend);
      const isTrusted = isInOneOf(cidrs, remote);
      const client = isTrusted ? firstOutside(xff, cidrs) : undefined;
      return withClient(client, !skipsAppend || !isTrusted);
    }
    case "custom-header":
      // Requests of a trace carry no such header.
      if (!detection.rejects) return { appends: false };
      return { appends: false, refusal: `the request has no header ${detection.name}, and is rejected` };
    case "other":
      return { appends: false, unknown: `${detection.typeName} decides by rules that are not known here` };
    default:
      return unreachable(detection);
  }
}

function withClient(client: TracedAddress | undefined, appends: boolean): Detected {
  return { appends, ...(client !== undefined && { client }) };
}

/** The entry that many places from the right, if it is an address. */
function fromRight(xff: readonly string[] | undefined, skipped: number): TracedAddress | undefined {
  const entry = xff?.at(-1 - skipped);
  return entry !== undefined && isAddress(entry) ? entry : undefined;
}

/** From the right, past all trusted ones; the leftmost if all are trusted. */
function firstOutside(
  xff: readonly string[] | undefined,
  cidrs: Parameters<typeof isInOneOf>[0],
): TracedAddress | undefined {
  let last: TracedAddress | undefined;
  for (const entry of (xff ?? []).toReversed()) {
    if (!isAddress(entry)) return undefined;
    last = entry;
    if (!isInOneOf(cidrs, entry)) break;
  }
  return last;
}
