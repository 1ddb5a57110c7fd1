/** Values between `left` and `left + width`, and how many there were. */
export interface HistogramBin {
  readonly left: number;
  readonly width: number;
  readonly count: number;
}

type Bins = Map<number, number>;

/**
 * Counts values in log-linear bins of two significant digits, as circllhist does and Envoy with it: 1.0, 1.1 … 9.9, 10, 11 … 99, 100,
 * 110 and so on. To record costs an addition in a map; a histogram without values has no memory of its own.
 */
export class Histogram {
  #total: Bins | undefined;
  /** What came since the last flush. */
  #fresh: Bins | undefined;
  /** What had come between the last two. */
  #interval: Bins | undefined;

  /** `value`: 0 or more, cut to a whole number. */
  record(value: number): void {
    this.#fresh ??= new Map();
    const key = binOf(value);
    this.#fresh.set(key, (this.#fresh.get(key) ?? 0) + 1);
  }

  /** True once something has been recorded. */
  get isUsed(): boolean {
    return this.#fresh !== undefined || this.#total !== undefined;
  }

  /** Ends the interval: Envoy's `stats_flush_interval`. */
  flush(): void {
    this.#interval = this.#fresh;
    if (this.#fresh) this.#total = sum(this.#total, this.#fresh);
    this.#fresh = undefined;
  }

  /** All that it holds, for another process. */
  snapshot(): HistogramSnapshot {
    const total = this.#fresh ? sum(this.#total, this.#fresh) : this.#total;
    return { total: [...(total ?? [])], interval: [...(this.#interval ?? [])] };
  }

  /** Adds what another one holds. */
  add({ total, interval }: HistogramSnapshot): void {
    if (total.length > 0) this.#total = sum(this.#total, new Map(total));
    if (interval.length > 0) this.#interval = sum(this.#interval, new Map(interval));
  }

  /** Everything since the start, by value. */
  cumulative(): readonly HistogramBin[] {
    return binsOf(this.#fresh ? sum(this.#total, this.#fresh) : this.#total);
  }

  /** What came in the last interval that is over, by value. */
  interval(): readonly HistogramBin[] {
    return binsOf(this.#interval);
  }
}

/** A histogram as plain data: numbers of bins and how many values each has. */
export interface HistogramSnapshot {
  readonly total: readonly (readonly [bin: number, count: number])[];
  readonly interval: readonly (readonly [bin: number, count: number])[];
}

/** Decade × 100 and the first two digits; 0 has a bin of its own. */
function binOf(value: number): number {
  let digits = Math.trunc(value);
  if (!(digits >= 1)) return 0;
  if (digits < 10) return digits * 10;
  let decade = 1;
  while (digits >= 100) {
    digits = Math.trunc(digits / 10);
    decade += 1;
  }
  return decade * 100 + digits;
}

function binsOf(bins: Bins | undefined): readonly HistogramBin[] {
  return [...(bins ?? [])]
    .sort(([a], [b]) => a - b)
    .map(([key, count]) => {
      if (key === 0) return { left: 0, width: 0, count };
      const decade = Math.trunc(key / 100);
      const digits = key % 100;
      return decade === 0
        ? { left: digits / 10, width: 0.1, count }
        : { left: digits * 10 ** (decade - 1), width: 10 ** (decade - 1), count };
    });
}

function sum(total: Bins | undefined, more: Bins): Bins {
  const result = new Map(total);
  for (const [key, count] of more) result.set(key, (result.get(key) ?? 0) + count);
  return result;
}

/** What Envoy tells of each histogram, as fractions. */
export const quantiles: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

/** Envoy's bounds of buckets, for Prometheus and for `histogram_buckets`. */
export const bucketBounds: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

export function countOf(bins: readonly HistogramBin[]): number {
  return bins.reduce((sum, { count }) => sum + count, 0);
}

/** The value below which the fraction lies, values of a bin taken to lie evenly in it; undefined when there are none. */
export function quantile(bins: readonly HistogramBin[], fraction: number): number | undefined {
  const nth = Math.max(1, Math.ceil(fraction * countOf(bins)));
  let below = 0;
  for (const { left, width, count } of bins) {
    if (nth <= below + count) return left + (width * (nth - below)) / (count + 1);
    below += count;
  }
  return undefined;
}

/** How many values are in bins that begin at the bound or before it. */
export function countUpTo(bins: readonly HistogramBin[], bound: number): number {
  return bins.reduce((sum, { left, count }) => (left <= bound ? sum + count : sum), 0);
}

/** The sum of all values, each taken for the middle of its bin, weighted as circllhist weighs it. */
export function sumOf(bins: readonly HistogramBin[]): number {
  return bins.reduce((sum, { left, width, count }) => {
    const middle = left === 0 ? 0 : left + (width * left) / (left + left + width);
    return sum + middle * count;
  }, 0);
}
