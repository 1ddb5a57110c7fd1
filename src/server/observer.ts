import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { Convergence } from "../fleet/convergence.ts";
import { Fleet, type FleetOptions } from "../fleet/fleet.ts";
import type { NodeStatus } from "../fleet/node-status.ts";
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

  /** All nodes, connected and away, with the state that their sessions give them. */
  nodes(): readonly NodeStatus[] {
    return this.#fleet.nodes(this.#options.clock.now(), this.#options.streams());
  }

  /** This revision is what nodes are brought to from now on. */
  expect(revision: Revision): void {
    this.#source = revision.source;
    this.#sources.delete(revision.id);
    this.#sources.set(revision.id, revision.source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > mostSources && oldest !== undefined) this.#sources.delete(oldest);
    if (revision.id === this.#revisionId) return;
    this.#revisionId = revision.id;
    this.#convergence.begin(revision.createdAtMs);
  }

  take(event: XdsEvent): void {
    this.counters.apply(event);
    this.#convergence.apply(event);
    const before = event.kind === "streamClosed" ? this.#fleet.stream(event.streamId) : undefined;
    this.#fleet.apply(event);
    this.#narrator.tell(event, before ?? this.#fleet.stream(event.streamId));
    if (!this.#convergence.mayBeSettled || this.#isCheckDue) return;
    this.#isCheckDue = true;
    // Not now: the session that told us of the ACK may be about to send what it had held back for it.
    setImmediate(() => this.#checkConvergence());
  }

  #checkConvergence(): void {
    this.#isCheckDue = false;
    if (!this.#convergence.mayBeSettled) return;
    for (const stream of this.#options.streams()) {
      // What was refused, now or in an earlier revision, is not what that node runs.
      if (stream.types.some(({ state }) => state === "STALE" || state === "NACKED")) return;
    }
    const tookMs = this.#convergence.settle();
    if (tookMs !== undefined) this.#options.onConverged(this.#revisionId, tookMs);
  }
}
