import type { StreamHoldings } from "../../fleet/node-config.ts";
import type { StreamStanding } from "../../fleet/why.ts";
import type { Node } from "../../snapshot/node.ts";
import type { StreamStatus, TypeStatus, XdsEvent } from "../../xds/events.ts";
import type { Answer, Report, TypeReport } from "./messages.ts";

type Asked = Pick<TypeStatus, "names" | "isWildcard">;

/** An open stream of a worker, as its reports tell it. */
interface Mirrored {
  status: StreamStatus;
  readonly asked: Map<string, Asked>;
}

const nothing: Asked = { names: new Set(), isWildcard: false };

/** An event under the ids of the main process, and the node of its stream as far as it is known. */
export interface WorkerEvent {
  readonly event: XdsEvent;
  readonly node?: Node;
}

/** UNAVAILABLE */
const unavailable = 14;

/** The open streams of a worker as the main process knows them: its own ids for them, and how they stand. */
export class WorkerStreams {
  readonly #nextId: () => number;
  /** By the worker's id. */
  readonly #streams = new Map<number, Mirrored>();

  /** `nextId`: ids that no other stream of the process has had, each higher than the ones before. */
  constructor(nextId: () => number) {
    this.#nextId = nextId;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** How they stand after the last report. */
  *statuses(): Iterable<StreamStatus> {
    for (const { status } of this.#streams.values()) yield status;
  }

  /** True when one of them is of this node. */
  isOfNode(nodeId: string): boolean {
    for (const { status } of this.#streams.values()) if (status.node?.id === nodeId) return true;
    return false;
  }

  /** Takes in a report, and answers its events under the ids of this process. */
  take({ events, streams }: Pick<Report, "events" | "streams">): readonly WorkerEvent[] {
    const told = events.flatMap((event) => this.#apply(event) ?? []);
    for (const { streamId, bufferedBytes, types } of streams) {
      const stream = this.#streams.get(streamId);
      if (stream) stream.status = { ...stream.status, bufferedBytes, types: mergedTypes(stream, types) };
    }
    return told;
  }

  /** The worker is gone, and all of its streams with it. */
  end(reason: string, atMs: number): readonly XdsEvent[] {
    const ends = Array.from(this.#streams.values(), ({ status: { streamId } }) => ({
      kind: "streamClosed" as const,
      streamId,
      atMs,
      code: unavailable,
      reason,
    }));
    this.#streams.clear();
    return ends;
  }

  /** An answer of the worker under the ids of this process, without streams that have ended since. */
  translate(answer: Answer): Answer {
    const own = <Item extends StreamStanding | StreamHoldings>(items: readonly Item[]): Item[] =>
      items.flatMap((item) => {
        const streamId = this.#streams.get(item.streamId)?.status.streamId;
        return streamId === undefined ? [] : [{ ...item, streamId }];
      });
    return answer.kind === "standings"
      ? { kind: "standings", standings: own(answer.standings) }
      : { kind: "holdings", holdings: own(answer.holdings) };
  }

  #apply(event: XdsEvent): WorkerEvent | undefined {
    if (event.kind === "streamOpened") {
      const { streamKind, service, peer, atMs: openedAtMs } = event;
      const streamId = this.#nextId();
      const status = { streamId, streamKind, service, peer, openedAtMs, bufferedBytes: 0, types: [] };
      this.#streams.set(event.streamId, { status, asked: new Map() });
      return { event: { ...event, streamId } };
    }
    const stream = this.#streams.get(event.streamId);
    if (!stream) return undefined;
    const { streamId } = stream.status;
    if (event.kind === "nodeKnown") stream.status = { ...stream.status, node: event.node };
    else if (event.kind === "groupAssigned") stream.status = placed(stream.status, event);
    else if (event.kind === "subscribed") {
      const { names, isWildcard } = event;
      stream.asked.set(event.typeUrl, { names, isWildcard });
      stream.status = { ...stream.status, types: mergedTypes(stream, []) };
    } else if (event.kind === "streamClosed") this.#streams.delete(event.streamId);
    const { node } = stream.status;
    return { event: { ...event, streamId }, ...(node && { node }) };
  }
}

function placed(
  stream: StreamStatus,
  { group, revisionId }: Pick<StreamStatus, "group" | "revisionId">,
): StreamStatus {
  const { group: _, revisionId: __, ...status } = stream;
  return {
    ...status,
    ...(group !== undefined && { group }),
    ...(revisionId !== undefined && { revisionId }),
  };
}

function mergedTypes({ status, asked }: Mirrored, reports: readonly TypeReport[]): readonly TypeStatus[] {
  const types = new Map<string, TypeReport>();
  for (const type of [...status.types, ...reports]) types.set(type.typeUrl, type);
  return Array.from(types.values(), (type) => ({ ...type, ...(asked.get(type.typeUrl) ?? nothing) }));
}
