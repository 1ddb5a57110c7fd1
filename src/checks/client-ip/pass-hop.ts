import type { Place } from "../../base/problem.ts";
import { detectClient } from "./detect-client.ts";
import type { HopSettings, Way } from "./hop-settings.ts";
import { mayPass, type TracedAddress, type TracedHeader, type Wire } from "./wire.ts";

/** A connection that a hop does not take. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
  readonly place?: Place;
}

/** A connection, and a request on it, that a hop passes on. */
export interface Passed {
  readonly kind: "passed";
  readonly way: Way;
  /** The header that was read. */
  readonly read?: TracedHeader;
  /** The connection's remote address, restored by a header if one was read. */
  readonly remote: TracedAddress;
  /** Whom the hop takes for the client: of a request where it looks into HTTP, else of the connection. */
  readonly client: TracedAddress;
  /** What goes to the upstream. */
  readonly out: Wire;
  /** What cannot be predicted. */
  readonly unknown?: string;
}

/** A hop of a chain: its settings, the ways through it that lead on, and its address as its upstream sees it. */
export interface ChainedHop {
  readonly settings: HopSettings;
  readonly ways: readonly Way[];
  readonly address: TracedAddress;
}

/** What becomes of a connection at a hop. */
export function passHop(
  { settings: hop, ways, address: ownAddress }: ChainedHop,
  wire: Wire,
): Passed | Refused {
  let { headers } = wire;
  let remote = wire.tcpSource;
  let read: TracedHeader | undefined;
  let bound: TracedAddress | undefined;
  for (const filter of hop.listenerFilters) {
    if (filter.kind === "original-src") {
      bound = remote;
      continue;
    }
    const [first, ...rest] = headers;
    const isDisallowed = first !== undefined && filter.disallowed.includes(first.version);
    if (!first || isDisallowed) {
      // With an optional header a version that is disallowed is not looked for, and stays data (PP-50).
      if (filter.isOptional) continue;
      const reason = first
        ? `it closes behind a header of version ${first.version}, which it disallows`
        : "it demands a PROXY header, and none comes: it closes the connection";
      return { kind: "refused", reason, ...(filter.place && { place: filter.place }) };
    }
    headers = rest;
    read = first;
    remote = first.source ?? remote;
  }
  const way = chooseWay(ways, wire.tcpSource, remote);
  if (!way) {
    return refusedAt(hop, "no filter chain takes this peer: it closes the connection");
  }
  const [unread] = headers;
  if (unread && (way.isTls || way.filter.kind === "http")) {
    const what = way.isTls ? "a TLS handshake" : "an HTTP request";
    return refusedAt(hop, `a PROXY header of version ${unread.version} comes where it expects ${what}`);
  }
  const detected =
    way.filter.kind === "http"
      ? detectClient(way.filter, remote, ownAddress, wire.xff)
      : { client: remote, ...(wire.xff && { xff: wire.xff }) };
  if (detected.refusal !== undefined) return refusedAt(hop, detected.refusal);
  const { client, xff, unknown } = detected;
  const isBoundByRequest = way.filter.kind === "http" && way.filter.originalSrc !== undefined;
  const { header, source } = way.cluster;
  const written: TracedHeader | undefined = header && { version: header.version, source: remote };
  return {
    kind: "passed",
    way,
    ...(read && { read }),
    remote,
    client,
    out: {
      tcpSource: (isBoundByRequest ? client : bound) ?? source ?? ownAddress,
      headers: [...(written ? [written] : []), ...headers],
      ...(xff && { xff }),
    },
    ...(unknown !== undefined && { unknown }),
  };
}

function exactness({ directRanges, sourceRanges }: Way): number {
  return (directRanges.length > 0 ? 2 : 0) + (sourceRanges.length > 0 ? 1 : 0);
}

/** Of the filter chains that take a peer, the one that names it most exactly. */
function chooseWay(ways: readonly Way[], direct: TracedAddress, remote: TracedAddress): Way | undefined {
  const [best] = ways
    .filter((way) => mayPass(way.directRanges, direct) && mayPass(way.sourceRanges, remote))
    .toSorted((a, b) => exactness(b) - exactness(a));
  return best;
}

function refusedAt({ place }: HopSettings, reason: string): Refused {
  return { kind: "refused", reason, ...(place && { place }) };
}
