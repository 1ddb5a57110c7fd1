import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, reasonOf, refuse } from "../resources/parsed.ts";
import { ResourceRecords } from "../resources/resource-records.ts";
import type { CollectionWatch, ResourceHold } from "../resources/subscriptions.ts";
import type { FetchEnd, ResourceConsumer, Update, UpdatedResource, Verdict } from "../xds-client/update.ts";
import { applyEach } from "./consume.ts";
import { FirstAnswerGate } from "./first-answer-gate.ts";
import type { SubscriptionCounters } from "./subscription-counters.ts";

/** A watch with its type of value closed over. */
interface Watcher {
  /** Reads a resource: its key, and the step that puts it among the values. */
  read(resource: Pick<UpdatedResource, "name" | "message">): Parsed<{ readonly key: string; take(): void }>;
  drop(name: string): void;
  conflictText(first: string, second: string): string;
  /** Takes the values into use as they are now. */
  update(): void;
}

function watcherOf<Value>(watch: CollectionWatch<Value>): Watcher {
  const values = new Map<string, Value>();
  return {
    read: ({ name, message }) => {
      const { value, problems } = watch.parse(message);
      if (value === undefined) return { problems };
      return { value: { key: watch.keyOf(value), take: () => values.set(name, value) }, problems };
    },
    drop: (name) => values.delete(name),
    conflictText: (first, second) => watch.conflictText(first, second),
    update: () => watch.onUpdate(new Map(values)),
  };
}

/** All resources of a type, for those who watch the set as a whole; the consumer of the type. */
export class WatchedCollection implements ResourceConsumer {
  readonly records = new ResourceRecords();
  readonly #counters: SubscriptionCounters;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #gate = new FirstAnswerGate();
  readonly #watchers = new Set<Watcher>();
  readonly #messages = new Map<string, Message>();
  readonly #keys = new Map<string, string>();

  constructor(counters: SubscriptionCounters, clock: Clock, log: Log) {
    this.#counters = counters;
    this.#clock = clock;
    this.#log = log;
  }

  join<Value>(watch: CollectionWatch<Value>): ResourceHold {
    const watcher = watcherOf(watch);
    this.#watchers.add(watcher);
    for (const [name, message] of this.#messages) {
      const { value, problems } = watcher.read({ name, message });
      value?.take();
      if (!value)
        this.#log.warn("cannot use a resource that is held already", { name, error: reasonOf(problems) });
    }
    if (this.#messages.size > 0) watcher.update();
    return {
      whenAnswered: (callback) => this.#gate.whenOpen(() => this.#watchers.has(watcher) && callback()),
      close: () => this.#watchers.delete(watcher),
    };
  }

  async apply(update: Update): Promise<Verdict> {
    const beganAtMs = this.#clock.monotonic();
    const taken = this.#keysThatStay(update);
    let isChanged = update.removed.some((name) => this.#messages.has(name));
    for (const name of update.removed) this.#remove(name);
    const refused = await applyEach(update, {
      records: this.records,
      clock: this.#clock,
      log: this.#log,
      noun: "scope",
      parse: (resource) => this.#read(resource, taken),
      run: (take) => {
        take();
        isChanged = true;
        return undefined;
      },
    });
    if (refused.length > 0) this.#counters.rejection();
    else {
      const durationMs = this.#clock.monotonic() - beganAtMs;
      this.#counters.success({ version: update.version, atMs: this.#clock.now(), durationMs });
    }
    if (isChanged) for (const watcher of this.#watchers) watcher.update();
    this.#gate.open();
    return { refused };
  }

  fetchEnded(_names: readonly string[], end: FetchEnd): void {
    if (end === "timeout") this.#counters.timeout();
    else if (end === "refused" || end === "absent") this.#counters.rejection();
    this.#gate.open();
  }

  streamFailed(): void {
    this.#counters.failure();
  }

  /** The names by the keys that they keep, whatever becomes of this update. */
  #keysThatStay({ resources, removed }: Update): Map<string, string> {
    const goes = new Set(removed);
    const stays = [...this.#keys].filter(([name]) => {
      const next = resources.get(name);
      return !goes.has(name) && (!next || this.records.get(name)?.bytes?.equals(next.value));
    });
    return new Map(stays.map(([name, key]) => [key, name]));
  }

  #read(resource: UpdatedResource, taken: Map<string, string>): Parsed<() => void> {
    const { name, message } = resource;
    const results = [...this.#watchers].map((watcher) => ({ watcher, result: watcher.read(resource) }));
    const problems = results.flatMap(({ watcher, result }) => {
      const owner = result.value && taken.get(result.value.key);
      if (owner === undefined || owner === name) return result.problems;
      return [...result.problems, refuse("", watcher.conflictText(owner, name))];
    });
    const key = results[0]?.result.value?.key ?? name;
    const take = () => {
      taken.set(key, name);
      this.#keys.set(name, key);
      this.#messages.set(name, message);
      for (const { result } of results) result.value?.take();
    };
    return parsed(take, problems);
  }

  #remove(name: string): void {
    this.records.removed(name);
    this.#messages.delete(name);
    this.#keys.delete(name);
    for (const watcher of this.#watchers) watcher.drop(name);
  }
}
