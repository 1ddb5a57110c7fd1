import type { Node } from "../snapshot/node.ts";

/** State of the world or incremental. */
export type StreamKind = "sotw" | "delta";

/** Which service a stream came in by: the aggregated one, or that of one type URL. */
export type StreamService = { readonly kind: "ads" } | { readonly kind: "type"; readonly typeUrl: string };

interface StreamEvent {
  /** Unique within the process, never used again. */
  readonly streamId: number;
  /** Wall clock. */
  readonly atMs: number;
}

interface TypeEvent extends StreamEvent {
  readonly typeUrl: string;
}

/** A client opened a stream; nothing is known of it but its address. */
export interface StreamOpened extends StreamEvent {
  readonly kind: "streamOpened";
  readonly streamKind: StreamKind;
  readonly service: StreamService;
  /** `127.0.0.1:50312`. */
  readonly peer: string;
}

/** The first request of a stream told who its client is; exactly once a stream that gets that far (XDS-13). */
interface NodeKnown extends StreamEvent {
  readonly kind: "nodeKnown";
  readonly node: Node;
}

/** The node was given a group, another one, or none, with a revision or at its start (XDS-16). */
interface GroupAssigned extends StreamEvent {
  readonly kind: "groupAssigned";
  /** Absent when no group matches, or no revision is loaded. */
  readonly group?: string;
  readonly revisionId?: string;
}

/** The names that a client wants of a type changed. */
export interface Subscribed extends TypeEvent {
  readonly kind: "subscribed";
  readonly isWildcard: boolean;
  /** Names asked for one by one. */
  readonly names: ReadonlySet<string>;
}

/** A response was handed to the stream. */
export interface Sent extends TypeEvent {
  readonly kind: "sent";
  readonly nonce: string;
  /** What `version_info` or `system_version_info` says. */
  readonly version: string;
  readonly resourceCount: number;
  readonly removedCount: number;
  /** Encoded size. */
  readonly bytes: number;
}

/** The client took a response. */
export interface Acked extends TypeEvent {
  readonly kind: "acked";
  readonly nonce: string;
  readonly version: string;
}

/** The client refused a response; repetitions of a refusal are not reported (XDS-58, XDS-59). */
export interface Nacked extends TypeEvent {
  readonly kind: "nacked";
  readonly nonce: string;
  /** The version that it refused. */
  readonly version: string;
  /** The version that it still runs; empty when it never accepted one. */
  readonly acceptedVersion: string;
  /** google.rpc.Code of `error_detail`. */
  readonly code: number;
  /** Text of `error_detail`, as the client wrote it: cut to 16 KiB, not masked. */
  readonly message: string;
}

/** A client did something that is worth a line in the log and a count, and did not cost it the stream. */
interface Remarked extends StreamEvent {
  readonly kind: "remarked";
  readonly remark: Remark;
}

/** What a client did or was done to it that does not cost it the stream. */
export type Remark =
  /** A request with a nonce that is not the latest of its type (XDS-39). */
  | { readonly kind: "staleNonce"; readonly typeUrl: string; readonly nonce: string }
  /** A type that is not served (XDS-6); `isV2` when the bootstrap lacks `V3` (XDS-7). Once a stream and type. */
  | { readonly kind: "unknownType"; readonly typeUrl: string; readonly isV2: boolean }
  /** Another node id than the stream began with; ignored (XDS-15). Once a stream. */
  | { readonly kind: "otherNode"; readonly id: string }
  /** A SotW response to a gRPC client that is larger than such clients take by default (XDS-121). Once a stream and type. */
  | { readonly kind: "oversized"; readonly typeUrl: string; readonly bytes: number }
  /**
   * Order was given up after its deadline. `change`: changes of the type went out although the client has not accepted
   * the clusters of these names, or the types of these labels. `removal`: the resources of these names went although
   * the client holds something that names them.
   */
  | {
      readonly kind: "orderTimeout";
      readonly wait: "change" | "removal";
      readonly typeUrl: string;
      readonly names: readonly string[];
      readonly waitedMs: number;
    };

/** A stream ended, by whichever side. */
interface StreamClosed extends StreamEvent {
  readonly kind: "streamClosed";
  /** gRPC status code that it ended with; 1 (CANCELLED) when the client went. */
  readonly code: number;
  /** Why, for people. */
  readonly reason: string;
}

/** All that happens on streams, in order, for whoever keeps the fleet's status, metrics and log. */
export type XdsEvent =
  | StreamOpened
  | NodeKnown
  | GroupAssigned
  | Subscribed
  | Sent
  | Acked
  | Nacked
  | Remarked
  | StreamClosed;

/** How a stream stands with one type, asked for at any time (XDS-145). */
export interface TypeStatus {
  readonly typeUrl: string;
  readonly isWildcard: boolean;
  readonly names: ReadonlySet<string>;
  /** Version of the content that the client should hold now; absent without a group. */
  readonly wantedVersion?: string;
  /** Version last sent; absent before the first response. */
  readonly sentVersion?: string;
  /** Version last accepted; absent before the first ACK. */
  readonly ackedVersion?: string;
  /** The last refusal, until the next ACK of the type (XDS-58). */
  readonly refusal?: Refusal;
  /** SYNCED: holds what it should. STALE: something is on its way or waits. NACKED: it refused. NOT_SENT: no response yet. */
  readonly state: "SYNCED" | "STALE" | "NACKED" | "NOT_SENT";
}

/** A response that a client refused (XDS-58): its nonce and version, the version still held, and google.rpc.Status as it came. */
export interface Refusal {
  readonly nonce: string;
  readonly version: string;
  readonly acceptedVersion: string;
  readonly code: number;
  readonly message: string;
  readonly atMs: number;
}

/** How a stream stands, asked for at any time. */
export interface StreamStatus {
  readonly streamId: number;
  readonly streamKind: StreamKind;
  readonly service: StreamService;
  readonly peer: string;
  readonly openedAtMs: number;
  readonly node?: Node;
  readonly group?: string;
  /** The revision that its snapshot is taken from. */
  readonly revisionId?: string;
  /** Encoded size of what was written and the transport has not taken yet. */
  readonly bufferedBytes: number;
  readonly types: readonly TypeStatus[];
}
