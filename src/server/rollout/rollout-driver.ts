import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { Log } from "../../base/log.ts";
import { formatPlace } from "../../base/problem.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { Probe } from "../../config/rollout-policy.ts";
import type { NamedResource } from "../../fleet/refused-resources.ts";
import { type HistoryLimits, keepHistory } from "../../rollout/history.ts";
import {
  type News,
  noRollout,
  type Offer,
  type RolloutAction,
  type RolloutCommand,
  type RolloutEvent,
  type RolloutRecord,
  type RolloutState,
} from "../../rollout/state.ts";
import { nextDeadlineMs, resumeRollout, stepRollout } from "../../rollout/step.ts";
import type { Node } from "../../snapshot/node.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { Serving } from "../../snapshot/serving.ts";
import type { StreamStatus, XdsEvent } from "../../xds/events.ts";
import type { EventLog } from "../event-log.ts";
import { sourceFields } from "../source-fields.ts";
import type { RolloutStore } from "../state/rollout-store.ts";
import type { OrderOutcome } from "./order-outcome.ts";
import { CandidateWatch } from "./candidate-watch.ts";

/** ACKs come in crowds: the fleet is looked at once for all that come within this time. Refusals do not wait. */
const observeWithinMs = 50;

/** A disk that refused is asked again after this time. */
const saveAgainMs = 5_000;

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "nowMs" | "atMs"> : never;

export interface RolloutDriverOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  readonly store: RolloutStore;
  readonly history: HistoryLimits;
  /** Nodes are served this from now on. */
  readonly serve: (serving: Serving) => void;
  readonly streams: () => Iterable<StreamStatus>;
  /** The resources that the last refusal of a stream's type names. */
  readonly resourcesNamed: (streamId: number, typeUrl: string) => readonly NamedResource[];
  readonly probe: (probe: Probe, signal: AbortSignal) => Promise<string | undefined>;
  /** The state directory could not be read or written. */
  readonly onStateError: () => void;
}

/** Performs rollouts: tells the machine what happens, does what it says, and keeps its state on the disk. */
export class RolloutDriver {
  readonly #options: RolloutDriverOptions;
  readonly #stop = new AbortController();
  #state: RolloutState = noRollout;
  #history: readonly RolloutRecord[] = [];
  #watch: CandidateWatch | undefined;
  #isServing = false;
  #isObserving = false;
  #cancelTimer: (() => void) | undefined;
  #cancelSaveAgain: (() => void) | undefined;
  #isUnsaved = false;
  #saving: Promise<void> | undefined;
  #stateError: string | undefined;

  constructor(options: RolloutDriverOptions) {
    this.#options = options;
  }

  get state(): RolloutState {
    return this.#state;
  }

  /** Rollouts that are over, oldest first. */
  get history(): readonly RolloutRecord[] {
    return this.#history;
  }

  /** Why what is served would not survive a restart, if it would not. */
  get stateError(): string | undefined {
    return this.#stateError;
  }

  /** What nodes are brought to: the candidate of a rollout, else what is stable. */
  get target(): Revision | undefined {
    const { serving } = this.#state;
    return serving?.candidate?.revision ?? serving?.stable;
  }

  /** The revision of this id, if nodes may be served from it. */
  servedRevision(id: string | undefined): Revision | undefined {
    const { serving } = this.#state;
    const candidate = serving?.candidate?.revision;
    return candidate?.id === id ? candidate : serving?.stable;
  }

  /** Reads what an earlier process kept; it is not served yet. */
  async restore(): Promise<void> {
    const { store, log, onStateError } = this.#options;
    const stored = await store.load();
    if (stored.kind === "unusable") {
      onStateError();
      log.error("the last good revision cannot be used and is not served", { error: stored.reason });
    }
    if (stored.kind !== "found") return;
    for (const loss of stored.losses) {
      onStateError();
      log.error("the rollout that was under way cannot go on", { error: loss });
    }
    this.#history = stored.history;
    this.#state = resumeRollout(stored.state, this.#now());
    this.#followCandidate(noRollout);
  }

  /** Serves what was restored, unless something is served already. */
  serveRestored(): void {
    const { serving } = this.#state;
    if (this.#isServing || !serving) return;
    this.#serve(serving);
    this.#plan();
  }

  /** The source has this. */
  offer(offer: Offer): void {
    this.#dispatch({ kind: "offered", offer });
    this.#observeSoon(observeWithinMs);
  }

  /** The source has something that is not to be had, for the history. */
  noteRefused(record: Pick<RolloutRecord, "source" | "reason">): void {
    const atMs = this.#options.clock.now();
    this.#record({
      ...record,
      number: 0,
      revisionId: "",
      trigger: "source",
      startedAtMs: atMs,
      endedAtMs: atMs,
      result: "refused",
      steps: [],
      refusals: [],
    });
    this.#save();
  }

  /** A person's command; resolves when it is on the disk, or cannot be. */
  async command(command: RolloutCommand, by: string): Promise<OrderOutcome> {
    const refusal = this.#dispatch({ kind: "commanded", by, command });
    if (refusal !== undefined) return { kind: "refused", reason: refusal };
    await this.#saving;
    return this.#stateError === undefined ? { kind: "done" } : { kind: "unkept", reason: this.#stateError };
  }

  /** A revision that can be gone back to. */
  async revision(id: string): Promise<Revision | undefined> {
    const served = this.servedRevision(id);
    return served?.id === id ? served : this.#options.store.revision(id);
  }

  /** Something happened on a stream of this node. */
  note(event: XdsEvent, node: Node | undefined): void {
    if (!this.#watch) return;
    this.#watch.apply(event, node, this.#options.clock.monotonic());
    if (event.kind === "nacked") this.#observeSoon(0);
    else if (event.kind === "acked" || event.kind === "streamClosed" || event.kind === "groupAssigned")
      this.#observeSoon(observeWithinMs);
  }

  /** Nothing is decided any more; resolves when what was decided is on the disk, or cannot be. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer?.();
    this.#cancelSaveAgain?.();
    await this.#saving;
  }

  #now(): { readonly nowMs: number; readonly atMs: number } {
    const { clock } = this.#options;
    return { nowMs: clock.monotonic(), atMs: clock.now() };
  }

  /** Answers why a command changed nothing. */
  #dispatch(event: WithoutTime<RolloutEvent>): string | undefined {
    if (this.#stop.signal.aborted) return "the server is shutting down";
    const before = this.#state;
    const { state, actions, refusal } = stepRollout(before, { ...event, ...this.#now() });
    this.#state = state;
    // Before nodes are given anything, so that nothing that they say to it is missed.
    this.#followCandidate(before);
    for (const action of actions) this.#perform(action);
    const isOther =
      state.serving !== before.serving ||
      state.run !== before.run ||
      state.quarantine !== before.quarantine ||
      state.lastNumber !== before.lastNumber;
    if (isOther) this.#save();
    this.#plan();
    return refusal;
  }

  #followCandidate(before: RolloutState): void {
    const id = this.#state.serving?.candidate?.revision.id;
    if (id === before.serving?.candidate?.revision.id) return;
    this.#watch = id === undefined ? undefined : new CandidateWatch(id, this.#options.resourcesNamed);
  }

  #perform(action: RolloutAction): void {
    switch (action.kind) {
      case "serve":
        return this.#serve(action.serving);
      case "tell":
        return this.#tell(action.news);
      case "record":
        return this.#record(action.record);
      case "probe":
        void this.#probe(action.key, action.probe);
        return;
      default:
        unreachable(action);
    }
  }

  #serve(serving: Serving): void {
    this.#isServing = true;
    this.#options.serve(serving);
  }

  async #probe(key: string, probe: Probe): Promise<void> {
    const failure = await this.#options.probe(probe, this.#stop.signal);
    this.#dispatch({ kind: "probed", key, ...(failure !== undefined && { failure }) });
  }

  #record(record: RolloutRecord): void {
    const { history: limits, clock } = this.#options;
    this.#history = keepHistory([...this.#history, record], this.#state, limits, clock.now());
  }

  #tell({ event, revisionId, message, group, by, refusals = [] }: News): void {
    const { log, clock, events } = this.#options;
    const source =
      this.#state.head?.revision.id === revisionId ? this.#state.head.revision.source : undefined;
    const places = refusals.flatMap(({ resources }) =>
      resources.map(({ name, place }) => (place ? `${name} (${formatPlace(place)})` : name)),
    );
    const fields = {
      revision: revisionId,
      group,
      by,
      reason: message,
      resources: places.length > 0 ? [...new Set(places)].join(", ") : undefined,
      ...sourceFields(source),
    };
    const isBad =
      event === "rolled-back" || event === "quarantined" || (event === "paused" && by === undefined);
    log[isBad ? "error" : "info"](titles[event], fields);
    events.add(`rollout-${event}`, clock.now(), { revision: revisionId, group, by, message, refusals });
  }

  #observeSoon(delayMs: number): void {
    if (this.#isObserving || !this.#watch) return;
    this.#isObserving = true;
    const look = () => {
      this.#isObserving = false;
      this.#observe();
    };
    // A refusal does not wait for a look that is due later; not now, since its stream may have more to tell.
    if (delayMs === 0) setImmediate(look);
    else this.#options.clock.after(delayMs, look);
  }

  #observe(): void {
    if (!this.#watch) return;
    const nodes = this.#watch.observe(this.#options.streams(), this.#options.clock.monotonic());
    this.#dispatch({ kind: "observed", nodes });
  }

  #plan(): void {
    this.#cancelTimer?.();
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    const dues = [nextDeadlineMs(this.#state), this.#watch?.nextLossMs(nowMs)];
    const first = Math.min(...dues.map((due) => due ?? Infinity));
    if (!Number.isFinite(first)) return;
    // Timers of Node are 32 bits wide; a longer wait is cut in parts.
    const delayMs = Math.min(Math.max(0, Math.ceil(first - nowMs)), 2 ** 31 - 1);
    this.#cancelTimer = clock.after(delayMs, () => this.#observe());
  }

  #save(): void {
    this.#isUnsaved = true;
    this.#saving ??= this.#saveAll();
  }

  /** One at a time, the newest state each time. */
  async #saveAll(): Promise<void> {
    const { store, log, clock, onStateError } = this.#options;
    while (this.#isUnsaved) {
      this.#isUnsaved = false;
      this.#cancelSaveAgain?.();
      try {
        await store.save(this.#state, this.#history);
        if (this.#stateError !== undefined) log.info("the state directory takes what is served again");
        this.#stateError = undefined;
        log.debug("revision is kept in the state directory", { revision: this.target?.id });
      } catch (error) {
        const reason = errorMessage(error);
        onStateError();
        if (reason !== this.#stateError)
          log.error("what is served would not survive a restart: the state directory refuses it", {
            revision: this.target?.id,
            error: reason,
          });
        this.#stateError = reason;
        if (!this.#stop.signal.aborted) this.#cancelSaveAgain = clock.after(saveAgainMs, () => this.#save());
      }
    }
    this.#saving = undefined;
  }
}

const titles: Readonly<Record<News["event"], string>> = {
  started: "rollout has started",
  passed: "rollout has passed a stage",
  paused: "rollout is paused",
  resumed: "rollout goes on",
  completed: "rollout is complete",
  "rolled-back": "rollout has failed and is rolled back",
  aborted: "rollout is aborted",
  superseded: "rollout is given up for another one",
  quarantined: "the revision of the source is not applied again",
  undone: "an earlier revision is served again",
};
