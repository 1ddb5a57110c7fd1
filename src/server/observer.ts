import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { Convergence } from "../fleet/convergence.ts";
import { Fleet, type FleetOptions } from "../fleet/fleet.ts";
import type { StreamRecord } from "../fleet/node-record.ts";
import type { NodeStatus } from "../fleet/node-status.ts";
import type { NamedResource } from "../fleet/refused-resources.ts";
import type { Node } from "../snapshot/node.ts";
import type { Revision, RevisionSource } from "../snapshot/revision.ts";
import type { StreamStatus, XdsEvent } from "../xds/events.ts";
import type { EventLog } from "./event-log.ts";
import { XdsCounters } from "./metrics/xds-counters.ts";
import { Narrator } from "./narrator.ts";

export interface ObserverOptions extends Pick<FleetOptions, "resourcesOf"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  /** How many nodes metrics name. */
  readonly metricNodes?: number | undefined;
  /** The open streams as their sessions see them. */
  readonly streams: () => Iterable<StreamStatus>;
  /** After everything else; `stream` is what the fleet knows of the event's stream. */
  readonly onTaken: (event: XdsEvent, stream: StreamRecord | undefined) => void;
  /** All connected nodes have accepted the revision, so long after its source changed. */
  readonly onConverged: (revisionId: string, tookMs: number) => void;
}

/** Nodes are on few revisions at once; a refusal of one from longer ago is not traced to its commit. */
const mostSources = 16;

/** Keeps everything that is told of the streams: fleet, counters, log, events, convergence. */
export class Observer {
  readonly counters: XdsCounters;
  readonly #options: ObserverOptions;
  readonly #fleet: Fleet;
  readonly #narrator: Narrator;
  readonly #convergence = new Convergence();
  #revisionId = "";
  #source: RevisionSource | undefined;
  /** Of the last revisions, by their id, oldest first. */
  readonly #sources = new Map<string, RevisionSource>();
  #isCheckDue = false;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.counters = new XdsCounters(options.metricNodes);
    this.#fleet = new Fleet({
      resourcesOf: options.resourcesOf,
      sourceOf: (revisionId) => this.#sources.get(revisionId),
    });
    this.#narrator = new Narrator(options.log.with({ component: "xds" }), options.events, () => this.#source);
  }

  get connectedCount(): number {
    return this.#fleet.connectedCount;
  }

  /** The nodes that are connected, as they described themselves. */
  connected(): Iterable<Node> {
    return this.#fleet.connected();
  }

  /** All nodes, connected and away, with the state that their sessions give them. */
  nodes(): readonly NodeStatus[] {
    return this.#fleet.nodes(this.#options.clock.now(), this.#options.streams());
  }

  /** This revision is what nodes are brought to from now on; `sinceMs` (wall clock) is when that was wished for. */
  expect({ id, source }: Revision, sinceMs: number): void {
    this.#source = source;
    this.#sources.delete(id);
    this.#sources.set(id, source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > mostSources && oldest !== undefined) this.#sources.delete(oldest);
    if (id === this.#revisionId) return;
    this.#revisionId = id;
    this.#convergence.begin(sinceMs);
  }

  /** The resources that the last refusal of a stream's type names. */
  resourcesNamed(streamId: number, typeUrl: string): readonly NamedResource[] {
    return this.#fleet.stream(streamId)?.types.get(typeUrl)?.refusal?.resources ?? [];
  }

  take(event: XdsEvent): void {
    this.counters.apply(event);
    this.#convergence.apply(event);
    const before = event.kind === "streamClosed" ? this.#fleet.stream(event.streamId) : undefined;
    this.#fleet.apply(event);
    const stream = before ?? this.#fleet.stream(event.streamId);
    this.#narrator.tell(event, stream);
    this.#options.onTaken(event, stream);
    if (!this.#convergence.mayBeSettled || this.#isCheckDue) return;
    this.#isCheckDue = true;
    // Not now: the session that told us of the ACK may be about to send what it had held back for it.
    setImmediate(() => this.#checkConvergence());
  }

  #checkConvergence(): void {
    this.#isCheckDue = false;
    if (!this.#convergence.mayBeSettled) return;
    for (const stream of this.#options.streams()) {
      // A stage of a rollout is not everybody.
      if (stream.node && stream.revisionId !== this.#revisionId) return;
      // What was refused, now or in an earlier revision, is not what that node runs.
      if (stream.types.some(({ state }) => state === "STALE" || state === "NACKED")) return;
    }
    const tookMs = this.#convergence.settle();
    if (tookMs !== undefined) this.#options.onConverged(this.#revisionId, tookMs);
  }
}
