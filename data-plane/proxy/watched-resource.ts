import type { Log } from "../../src/base/log.ts";
import { formatProblem } from "../../src/base/problem.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, reasonOf } from "../resources/parsed.ts";
import type { ResourceInfo, ResourceWatch } from "../resources/subscriptions.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { NameSubscription, UpdatedResource } from "../xds-client/update.ts";

const counters = [
  "init_fetch_timeout",
  "update_attempt",
  "update_failure",
  "update_rejected",
  "update_success",
] as const;

/** One watch with its type of value closed over. */
interface Watcher {
  /** Reads a version; the value is the step that takes it into use. */
  parse(message: Message): Parsed<(info: ResourceInfo) => void>;
  removed(): void;
}

/** A resource that somebody watches: its watches, its last good version and its statistics. */
export class WatchedResource {
  subscription: NameSubscription | undefined;
  readonly #watchers = new Set<Watcher>();
  readonly #stats: StatsStore;
  readonly #scope: string;
  readonly #log: Log;
  readonly #counters;
  #held: { readonly message: Message; readonly info: ResourceInfo } | undefined;
  #isAnswered = false;
  #waiters: (() => void)[] = [];

  /** `scope` is that of its first watch, as in Envoy, where later ones share its subscription and with it the counters. */
  constructor(stats: StatsStore, scope: string, log: Log) {
    this.#stats = stats;
    this.#scope = scope;
    this.#log = log;
    this.#counters = stats.counters(scope, counters);
    this.#counters.update_attempt += 1;
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
      removed: () => watch.onRemoved?.(),
    };
    this.#watchers.add(watcher);
    if (this.#held) {
      const { value, problems } = watcher.parse(this.#held.message);
      value?.(this.#held.info);
      // What others took was taken long ago: it can only be told here that it is of no use to this one.
      const fields = { name: watch.name, type_url: watch.typeUrl, error: reasonOf(problems) };
      if (!value) this.#log.warn("cannot use a resource that is held already", fields);
    }
    return () => this.#watchers.delete(watcher);
  }

  whenAnswered(callback: () => void): void {
    if (this.#isAnswered) callback();
    else this.#waiters.push(callback);
  }

  /** Reads a version for all watches. The value is the step that takes it into use. */
  parse({ message, version }: Pick<UpdatedResource, "message" | "version">): Parsed<() => void> {
    const results = [...this.#watchers].map((watcher) => watcher.parse(message));
    const take = () => {
      const info = { version };
      this.#held = { message, info };
      for (const { value } of results) value?.(info);
    };
    // Watches of one name mostly read it alike, with the same problems: each is told once.
    const problems = new Map(
      results.flatMap((result) => result.problems).map((problem) => [formatProblem(problem), problem]),
    );
    return parsed(take, [...problems.values()]);
  }

  /** A version was not refused, changed or not. */
  countSuccess(version: string, atMs: number): void {
    if (this.#held) this.#held = { ...this.#held, info: { version } };
    this.#stats.setText(`${this.#scope}.version_text`, version);
    this.#countUpdate(atMs);
  }

  /** A removal is an update too. */
  countRemoval(atMs: number): void {
    this.#countUpdate(atMs);
  }

  #countUpdate(atMs: number): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_success += 1;
    this.#stats.gauges(this.#scope, ["update_time"]).update_time.set(atMs);
  }

  removed(): void {
    for (const watcher of this.#watchers) watcher.removed();
    this.endWait();
  }

  /** The first answer is here, or will not come for now. */
  endWait(): void {
    this.#isAnswered = true;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const callback of waiters) callback();
  }

  countRejection(): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_rejected += 1;
  }

  countTimeout(): void {
    this.#counters.update_attempt += 1;
    this.#counters.init_fetch_timeout += 1;
  }

  countFailure(): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_failure += 1;
  }
}
