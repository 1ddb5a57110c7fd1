import type { RevisionSource } from "../snapshot/revision.ts";
import type { StreamKind } from "../xds/events.ts";
import type { NamedResource } from "./refused-resources.ts";

/**
 * How a node stands with one type. SYNCED: holds what it should. STALE: something is on its way or waits. NACKED: it
 * refused, and no ACK came since. NOT_SENT: it asked and got no response yet.
 */
export type SyncState = "SYNCED" | "STALE" | "NACKED" | "NOT_SENT";

/** A response that a node refused (XDS-58). */
export interface NodeRefusal {
  readonly atMs: number;
  readonly nonce: string;
  /** The version that it refused. */
  readonly version: string;
  /** The version that it still runs; empty when it never accepted one. */
  readonly acceptedVersion: string;
  /** google.rpc.Code. */
  readonly code: number;
  /** The client's text, secrets masked (XDS-139). */
  readonly message: string;
  /** The resources that the text names, with the place each was written at. */
  readonly resources: readonly NamedResource[];
  /** Where the revision was read from that the node was served from. */
  readonly source?: RevisionSource;
}

/** One type of one node (XDS-145). */
export interface NodeTypeStatus {
  readonly typeUrl: string;
  readonly state: SyncState;
  readonly isWildcard: boolean;
  /** How many names it asks for one by one. */
  readonly nameCount: number;
  /** Version last sent, and when; absent before the first response. */
  readonly sentVersion?: string | undefined;
  readonly sentAtMs?: number | undefined;
  /** Version last accepted, and when; absent before the first ACK. */
  readonly ackedVersion?: string | undefined;
  readonly ackedAtMs?: number | undefined;
  /** The last refusal, until the next ACK of the type. */
  readonly refusal?: NodeRefusal | undefined;
  /** Refusals of this type on its stream. */
  readonly refusalCount: number;
}

/** One node of the fleet, connected or gone (XDS-145). Times are milliseconds since the epoch. */
export interface NodeStatus {
  readonly id: string;
  readonly cluster: string;
  /** Absent when no group matches it (XDS-16). */
  readonly group?: string | undefined;
  /** The revision that it is served from. */
  readonly revisionId?: string | undefined;
  /** `envoy`, `gRPC Go`, …; empty when it states none. */
  readonly userAgentName: string;
  /** `1.40.0`; empty when it states none. */
  readonly userAgentVersion: string;
  /** Address of its newest stream. */
  readonly peer: string;
  readonly streamKind: StreamKind;
  /** Open streams; 0 when it is away. */
  readonly streamCount: number;
  /** When the oldest of its open streams was opened; for a node that is away, of the last one. */
  readonly connectedSinceMs: number;
  /** When its last stream ended; absent while it is connected. */
  readonly awaySinceMs?: number | undefined;
  /** What ended its last stream; absent while it is connected. */
  readonly endReason?: string | undefined;
  /** By type URL. */
  readonly types: readonly NodeTypeStatus[];
}

/** The worst state among the types of a node: NACKED, then STALE, then NOT_SENT, then SYNCED. */
export function worstState(types: readonly NodeTypeStatus[]): SyncState {
  const order: readonly SyncState[] = ["NACKED", "STALE", "NOT_SENT"];
  return order.find((state) => types.some((type) => type.state === state)) ?? "SYNCED";
}
