import type { StreamStatus, TypeStatus, XdsEvent } from "../../xds/events.ts";
import type { FanOutResult } from "../fan-out.ts";
import type { LoadNews, Report, StreamReport, TypeReport } from "./messages.ts";

/** Collects what happens in a worker until it is reported. */
export class Reporter {
  readonly #stream: (streamId: number) => StreamStatus | undefined;
  #events: XdsEvent[] = [];
  #requests = new Map<string, number>();
  #pushes: FanOutResult[] = [];
  #loads: LoadNews[] = [];
  #connections: number[] = [];
  #refused: Report["refused"];
  /** Streams that may stand otherwise than was reported. */
  #touched = new Set<number>();
  /** What was reported of open streams last, by type URL. */
  readonly #reported = new Map<number, ReadonlyMap<string, TypeStatus>>();

  /** `stream`: how an open stream stands now. */
  constructor(stream: (streamId: number) => StreamStatus | undefined) {
    this.#stream = stream;
  }

  note(event: XdsEvent): void {
    this.#events.push(event);
    this.#touched.add(event.streamId);
  }

  noteRequest(typeUrl: string): void {
    this.#requests.set(typeUrl, (this.#requests.get(typeUrl) ?? 0) + 1);
  }

  notePush(push: FanOutResult): void {
    this.#pushes.push(push);
  }

  noteLoad(news: LoadNews): void {
    this.#loads.push(news);
  }

  noteConnectionOver(id: number): void {
    this.#connections.push(id);
  }

  noteRefused(peer: string, reason: string): void {
    this.#refused = { count: (this.#refused?.count ?? 0) + 1, peer, reason };
  }

  /** True when somebody has not taken yet what was written: no event will tell when that is over. */
  get hasUnwritten(): boolean {
    return this.#touched.size > 0;
  }

  /** What happened since the last call. */
  take(): Report {
    const streams: StreamReport[] = [];
    const unwritten = new Set<number>();
    for (const streamId of this.#touched) {
      const stream = this.#stream(streamId);
      if (!stream) {
        this.#reported.delete(streamId);
        continue;
      }
      streams.push(this.#reportOf(stream));
      if (stream.bufferedBytes > 0) unwritten.add(streamId);
    }
    const report = {
      events: this.#events,
      streams,
      requests: this.#requests,
      pushes: this.#pushes,
      loads: this.#loads,
      connections: this.#connections,
      ...(this.#refused && { refused: this.#refused }),
    };
    this.#events = [];
    this.#requests = new Map();
    this.#pushes = [];
    this.#loads = [];
    this.#connections = [];
    this.#refused = undefined;
    this.#touched = unwritten;
    return report;
  }

  #reportOf({ streamId, bufferedBytes, types }: StreamStatus): StreamReport {
    const before = this.#reported.get(streamId);
    const changed = types.filter((type) => !isSame(before?.get(type.typeUrl), type));
    if (changed.length > 0) this.#reported.set(streamId, new Map(types.map((type) => [type.typeUrl, type])));
    return { streamId, bufferedBytes, types: changed.map(typeReport) };
  }
}

function isSame(before: TypeStatus | undefined, now: TypeStatus): boolean {
  return (
    before !== undefined &&
    before.state === now.state &&
    before.wantedVersion === now.wantedVersion &&
    before.sentVersion === now.sentVersion &&
    before.ackedVersion === now.ackedVersion &&
    before.refusal === now.refusal
  );
}

function typeReport(type: TypeStatus): TypeReport {
  const { names: _, isWildcard: __, ...report } = type;
  return report;
}
