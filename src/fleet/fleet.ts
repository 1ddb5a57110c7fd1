import { unreachable } from "../base/unreachable.ts";
import type { Node } from "../snapshot/node.ts";
import type { RevisionSource } from "../snapshot/revision.ts";
import type { Nacked, StreamOpened, StreamStatus, XdsEvent } from "../xds/events.ts";
import {
  type RefusalOrigin,
  type StreamRecord,
  stepType,
  type TypeEvent,
  type TypeRecord,
  typeStatus,
} from "./node-record.ts";
import type { NodeStatus, NodeTypeStatus } from "./node-status.ts";
import { type PlacedResource, refusedResources } from "./refused-resources.ts";

export interface FleetOptions {
  /** The resources that a group's nodes should hold of a type in a revision, to trace refusals to their lines. */
  resourcesOf(
    group: string,
    typeUrl: string,
    revisionId: string | undefined,
  ): ReadonlyMap<string, PlacedResource>;
  /** Where a revision was read from, to trace refusals to their commit. */
  sourceOf?(revisionId: string): RevisionSource | undefined;
  /** How long a node that went is remembered. Default one hour. */
  readonly awayForMs?: number;
  /** How many nodes that went are remembered; the ones longest away go first. Default 10,000. */
  readonly mostAway?: number;
}

/** Events come by the ten thousand a second, so they change it instead of making another one each. */
interface OpenStream extends StreamRecord {
  group?: string | undefined;
  revisionId?: string | undefined;
  readonly types: Map<string, TypeRecord>;
}

interface EndedStream {
  readonly stream: StreamRecord;
  readonly atMs: number;
  readonly reason: string;
}

interface NodeRecord {
  readonly node: Node;
  /** Open streams by id, oldest first. */
  readonly streams: Map<number, OpenStream>;
  /** The last stream that ended. */
  last?: EndedStream;
}

/**
 * What the nodes were sent, accepted and refused, folded from the events of their streams (XDS-58, XDS-145). Does no
 * I/O and has no clock: time is in the events. Memory is bounded by the open streams and by `mostAway`.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #awayForMs: number;
  readonly #mostAway: number;
  /** Streams whose node is not known yet. */
  readonly #anonymous = new Map<number, OpenStream>();
  readonly #nodeOfStream = new Map<number, NodeRecord>();
  /** By node id. */
  readonly #connected = new Map<string, NodeRecord>();
  /** By node id, longest away first. */
  readonly #away = new Map<string, NodeRecord>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#awayForMs = options.awayForMs ?? 3_600_000;
    this.#mostAway = options.mostAway ?? 10_000;
  }

  /** How many nodes have an open stream. */
  get connectedCount(): number {
    return this.#connected.size;
  }

  /** The nodes that are connected, as they described themselves. */
  *connected(): Generator<Node, void> {
    for (const { node } of this.#connected.values()) yield node;
  }

  /** What is known of an open stream whose node is known. */
  stream(streamId: number): StreamRecord | undefined {
    return this.#open(streamId);
  }

  #open(streamId: number): OpenStream | undefined {
    return this.#nodeOfStream.get(streamId)?.streams.get(streamId);
  }

  /** Takes in what happened. Events of streams that are not known change nothing. */
  apply(event: XdsEvent): void {
    switch (event.kind) {
      case "streamOpened":
        this.#anonymous.set(event.streamId, { opened: event, types: new Map() });
        return;
      case "nodeKnown":
        return this.#introduce(event.streamId, event.node);
      case "groupAssigned": {
        const stream = this.#open(event.streamId);
        if (!stream) return;
        stream.group = event.group;
        stream.revisionId = event.revisionId;
        return;
      }
      case "streamClosed":
        return this.#close(event.streamId, event.atMs, event.reason);
      case "remarked":
        return;
      case "subscribed":
      case "sent":
      case "acked":
      case "nacked":
        return this.#stepType(event);
      default:
        return unreachable(event);
    }
  }

  /**
   * All nodes, connected and away, by id. `live` are the open streams as their sessions see them: only they know
   * whether what was accepted is still what is wanted, so their word on the state wins.
   */
  nodes(nowMs: number, live: Iterable<StreamStatus> = []): readonly NodeStatus[] {
    const states = new Map<string, NodeTypeStatus["state"]>();
    for (const stream of live) {
      for (const type of stream.types) states.set(`${stream.streamId} ${type.typeUrl}`, type.state);
    }
    const statuses = [...this.#connected.values()].map((record) => connectedStatus(record, states));
    for (const record of this.#away.values()) {
      if (record.last && nowMs - record.last.atMs < this.#awayForMs)
        statuses.push(awayStatus(record, record.last));
    }
    return statuses.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #introduce(streamId: number, node: Node): void {
    const stream = this.#anonymous.get(streamId);
    if (!stream) return;
    this.#anonymous.delete(streamId);
    const known = this.#connected.get(node.id) ?? this.#away.get(node.id);
    // What the node says of itself now counts: it may have been restarted as another version.
    const record: NodeRecord = { ...known, node, streams: known?.streams ?? new Map() };
    record.streams.set(streamId, { ...stream, node });
    for (const id of record.streams.keys()) this.#nodeOfStream.set(id, record);
    this.#away.delete(node.id);
    this.#connected.set(node.id, record);
  }

  #stepType(event: TypeEvent): void {
    const stream = this.#open(event.streamId);
    if (!stream) return;
    const origin = event.kind === "nacked" ? this.#originOf(event, stream) : undefined;
    const { types } = stream;
    types.set(event.typeUrl, stepType(types.get(event.typeUrl), event, origin));
  }

  #originOf({ message, typeUrl }: Nacked, { group, revisionId }: OpenStream): RefusalOrigin {
    return {
      resources:
        group === undefined
          ? []
          : refusedResources(message, this.#options.resourcesOf(group, typeUrl, revisionId)),
      source: revisionId === undefined ? undefined : this.#options.sourceOf?.(revisionId),
    };
  }

  #close(streamId: number, atMs: number, reason: string): void {
    this.#anonymous.delete(streamId);
    const record = this.#nodeOfStream.get(streamId);
    const stream = record?.streams.get(streamId);
    if (!record || !stream) return;
    this.#nodeOfStream.delete(streamId);
    record.streams.delete(streamId);
    record.last = { stream, atMs, reason };
    if (record.streams.size > 0) return;
    this.#connected.delete(record.node.id);
    this.#away.set(record.node.id, record);
    this.#forget(atMs);
  }

  #forget(nowMs: number): void {
    for (const [id, { last }] of this.#away) {
      const isDue = last !== undefined && nowMs - last.atMs >= this.#awayForMs;
      if (!isDue && this.#away.size <= this.#mostAway) return;
      this.#away.delete(id);
    }
  }
}

/** Of several streams with one type the newest counts: an older one may be half-open (XDS-9). */
function connectedStatus(
  record: NodeRecord,
  states: ReadonlyMap<string, NodeTypeStatus["state"]>,
): NodeStatus {
  const types = new Map<string, NodeTypeStatus>();
  let newest: StreamRecord | undefined;
  let connectedSinceMs = Infinity;
  for (const [streamId, stream] of record.streams) {
    for (const type of stream.types.values()) {
      const status = typeStatus(type);
      types.set(type.typeUrl, {
        ...status,
        state: states.get(`${streamId} ${type.typeUrl}`) ?? status.state,
      });
    }
    connectedSinceMs = Math.min(connectedSinceMs, stream.opened.atMs);
    newest = stream;
  }
  if (!newest) throw new Error(`${record.node.id} is connected without a stream`);
  return statusOf(record, newest, newest.opened, {
    streamCount: record.streams.size,
    connectedSinceMs,
    types: [...types.values()],
  });
}

function awayStatus(record: NodeRecord, last: EndedStream): NodeStatus {
  return statusOf(record, last.stream, last.stream.opened, {
    streamCount: 0,
    connectedSinceMs: last.stream.opened.atMs,
    awaySinceMs: last.atMs,
    endReason: last.reason,
    types: [...last.stream.types.values()].map(typeStatus),
  });
}

function statusOf(
  { node }: NodeRecord,
  stream: StreamRecord,
  opened: StreamOpened,
  rest: Pick<NodeStatus, "streamCount" | "connectedSinceMs" | "awaySinceMs" | "endReason" | "types">,
): NodeStatus {
  return {
    id: node.id,
    cluster: node.cluster,
    group: stream.group,
    revisionId: stream.revisionId,
    userAgentName: node.userAgentName,
    userAgentVersion: node.userAgentVersion,
    peer: opened.peer,
    streamKind: opened.streamKind,
    ...rest,
    types: rest.types.toSorted((a, b) => (a.typeUrl < b.typeUrl ? -1 : 1)),
  };
}
