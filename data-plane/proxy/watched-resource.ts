import type { Log } from "../../src/base/log.ts";
import { formatProblem } from "../../src/base/problem.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, reasonOf } from "../resources/parsed.ts";
import type { ResourceInfo, ResourceWatch } from "../resources/subscriptions.ts";
import type { NameSubscription, UpdatedResource } from "../xds-client/update.ts";
import { FirstAnswerGate } from "./first-answer-gate.ts";
import type { AppliedUpdate, SubscriptionCounters } from "./subscription-counters.ts";

/** One watch with its type of value closed over. */
interface Watcher {
  /** Reads a version; the value is the step that takes it into use. */
  parse(message: Message): Parsed<(info: ResourceInfo) => void>;
  /** False when what was there stays in use. */
  removed(): boolean;
}

/** A resource that somebody watches: its watches, its last good version and its statistics. */
export class WatchedResource {
  subscription: NameSubscription | undefined;
  /** Nobody watches it any more. */
  onDropped: (() => void) | undefined;
  readonly #watchers = new Set<Watcher>();
  readonly counters: SubscriptionCounters;
  readonly #log: Log;
  readonly #gate = new FirstAnswerGate();
  #held: { readonly message: Message; readonly info: ResourceInfo } | undefined;

  /** `counters` are those of its first watch, as in Envoy, where later ones share its subscription. */
  constructor(counters: SubscriptionCounters, log: Log) {
    this.counters = counters;
    this.#log = log;
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Adds a watch; gives the function that takes it away. */
  join<Value>(watch: ResourceWatch<Value>): () => void {
    const watcher: Watcher = {
      parse: (message) => {
        const { value, problems } = watch.parse(message);
        return value === undefined
          ? { problems }
          : { value: (info) => watch.onUpdate(value, info), problems };
      },
      removed: () => {
        watch.onRemoved?.();
        return watch.onRemoved !== undefined;
      },
    };
    this.#watchers.add(watcher);
    if (this.#held) {
      const { value, problems } = watcher.parse(this.#held.message);
      value?.(this.#held.info);
      // What others took was taken long ago: it can only be told here that it is of no use to this one.
      const fields = { name: watch.name, type_url: watch.typeUrl, error: reasonOf(problems) };
      if (!value) {
        this.#log.warn("cannot use a resource that is held already", fields);
        this.counters.conflict();
      }
    }
    return () => this.#watchers.delete(watcher);
  }

  whenAnswered(callback: () => void): void {
    this.#gate.whenOpen(callback);
  }

  /** Reads a version for all watches. The value is the step that takes it into use. */
  parse({ message, version }: Pick<UpdatedResource, "message" | "version">): Parsed<() => void> {
    const results = [...this.#watchers].map((watcher) => watcher.parse(message));
    const take = () => {
      const info = { version };
      this.#held = { message, info };
      for (const { value } of results) value?.(info);
      this.counters.reload();
    };
    // Watches of one name mostly read it alike, with the same problems: each is told once.
    const problems = new Map(
      results.flatMap((result) => result.problems).map((problem) => [formatProblem(problem), problem]),
    );
    return parsed(take, [...problems.values()]);
  }

  /** A version was not refused, changed or not. */
  accepted(version: string, update: AppliedUpdate): void {
    if (this.#held) this.#held = { ...this.#held, info: { version } };
    this.counters.success(update);
  }

  /** The server took it away. Gives false when it stays in use. */
  removed(): boolean {
    const isGone = [...this.#watchers].map((watcher) => watcher.removed()).some(Boolean);
    if (isGone) {
      this.#held = undefined;
      this.counters.reload();
    }
    this.endWait();
    return isGone;
  }

  /** The first answer is here, or will not come for now. */
  endWait(): void {
    this.#gate.open();
  }
}
