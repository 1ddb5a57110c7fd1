interface Entry<Item> {
  readonly item: Item;
  readonly deadline: number;
  /** Breaks ties: who was added first. */
  readonly order: number;
}

/** At most so many picks are made ahead to find a starting point. */
const MAX_HEAD_START = 1000;

/**
 * Earliest deadline first: gives items as often as their weights say, evenly spread, as Envoy's weighted round robin. `weigh` is asked
 * again at each pick and must be above zero. `start`, in [0, 1), tells where in the round to begin, so that many proxies do not begin together.
 */
export class EdfScheduler<Item> {
  /** A binary heap by deadline. */
  readonly #heap: Entry<Item>[] = [];
  readonly #weigh: (item: Item) => number;
  #now = 0;
  #added = 0;

  constructor(items: readonly Item[], weigh: (item: Item) => number, start: number) {
    this.#weigh = weigh;
    for (const item of items) this.#add(item);
    const headStart = Math.floor(start * MAX_HEAD_START);
    for (let pick = 0; pick < headStart; pick += 1) this.pick();
  }

  /** The next one; undefined when there are none. */
  pick(): Item | undefined {
    const first = this.#heap[0];
    if (!first) return undefined;
    this.#now = first.deadline;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    this.#add(first.item);
    return first.item;
  }

  #add(item: Item): void {
    const entry = { item, deadline: this.#now + 1 / this.#weigh(item), order: this.#added };
    this.#added += 1;
    let at = this.#heap.length;
    this.#heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, this.#heap[parent]!)) break;
      this.#heap[at] = this.#heap[parent]!;
      at = parent;
    }
    this.#heap[at] = entry;
  }

  /** Puts an entry in the place of the first, and further down until it is in order. */
  #sink(entry: Entry<Item>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
