import type { CollectionWatch, ResourceHold, ResourceSubscriptions, ResourceWatch } from "./subscriptions.ts";

/** The subscriptions of one owner (a version of a filter chain or of a cluster), which waits for them and ends them together. */
export class OwnedSubscriptions implements ResourceSubscriptions {
  readonly #subscriptions: ResourceSubscriptions;
  readonly #holds = new Set<ResourceHold>();
  #unanswered = 0;
  #waiters: (() => void)[] = [];

  constructor(subscriptions: ResourceSubscriptions) {
    this.#subscriptions = subscriptions;
  }

  /** Undefined when everything is answered; else done when it is, or when the owner is over. Does not reject. */
  get ready(): Promise<void> | undefined {
    if (this.#unanswered === 0) return undefined;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  subscribe<Value>(watch: ResourceWatch<Value>): ResourceHold {
    return this.#own(() => this.#subscriptions.subscribe(watch), watch.isWaitedFor ?? true);
  }

  subscribeAll<Value>(watch: CollectionWatch<Value>): ResourceHold {
    return this.#own(() => this.#subscriptions.subscribeAll(watch), true);
  }

  #own(subscribe: () => ResourceHold, isWaitedFor: boolean): ResourceHold {
    // Counted before it begins: an answer may come inside `subscribe` and lead to further subscriptions.
    if (isWaitedFor) this.#unanswered += 1;
    let isAnswered = !isWaitedFor;
    const answered = () => {
      if (isAnswered) return;
      isAnswered = true;
      this.#unanswered -= 1;
      this.#tell();
    };
    const inner = subscribe();
    inner.whenAnswered(answered);
    const hold: ResourceHold = {
      whenAnswered: (callback) => inner.whenAnswered(callback),
      close: () => {
        this.#holds.delete(hold);
        inner.close();
        answered();
      },
    };
    this.#holds.add(hold);
    return hold;
  }

  /** Ends all of them. Idempotent. */
  close(): void {
    for (const hold of this.#holds) hold.close();
  }

  #tell(): void {
    if (this.#unanswered > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
