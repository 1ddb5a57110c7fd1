import type { HistogramSnapshot } from "./histogram.ts";
import { Histogram } from "./histogram.ts";

/** Counters under one prefix: plain number fields, so that counting costs an addition. */
export type Counters<Name extends string> = Record<Name, number>;

/** A value that goes up and down. */
export class Gauge {
  #value = 0;
  #exact: string | undefined;
  #isUsed = false;

  get value(): number {
    return this.#value;
  }

  /** True once it has been written to, whatever it holds now: what `usedonly` asks for. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  add(difference: number): void {
    this.#value += difference;
    this.#isUsed = true;
  }

  set(value: number): void {
    this.#value = value;
    this.#exact = undefined;
    this.#isUsed = true;
  }

  /** A number of 64 bits, which is to be shown to its last digit. */
  setExact(value: bigint): void {
    this.set(Number(value));
    this.#exact = value.toString();
  }

  /** The digits of a value that a number would round. */
  get exact(): string | undefined {
    return this.#exact;
  }
}

export type Gauges<Name extends string> = Readonly<Record<Name, Gauge>>;

export type Histograms<Name extends string> = Readonly<Record<Name, Histogram>>;

/** One statistic as it stands. `isUsed`: written to since the start. */
export type Stat =
  | {
      readonly kind: "counter" | "gauge";
      readonly name: string;
      readonly value: number;
      /** The digits of a value that a number rounds. */
      readonly exact?: string;
      readonly isUsed: boolean;
    }
  | { readonly kind: "text"; readonly name: string; readonly value: string; readonly isUsed: boolean };

/** One histogram as it stands. */
export interface HistogramStat {
  readonly name: string;
  readonly histogram: Histogram;
  readonly isUsed: boolean;
}

/** All statistics as plain data, for another process. */
export interface StatsSnapshot {
  readonly stats: readonly Stat[];
  readonly histograms: readonly { readonly name: string; readonly snapshot: HistogramSnapshot }[];
}

/**
 * All statistics of a proxy under Envoy's names. Asking twice for one prefix and name gives the same counter, as in Envoy: two
 * listeners share `proxy_proto.*`, the new version of a cluster counts on where the old one stood.
 */
export class StatsStore {
  readonly #counters = new Map<string, Record<string, number>>();
  readonly #gauges = new Map<string, Record<string, Gauge>>();
  readonly #histograms = new Map<string, Record<string, Histogram>>();
  readonly #texts = new Map<string, string>();

  /** The counters `prefix.name` (bare names for an empty prefix), made when they are not there yet. */
  counters<Name extends string>(prefix: string, names: readonly Name[]): Counters<Name> {
    const stored: Record<string, number> = this.#counters.get(prefix) ?? {};
    this.#counters.set(prefix, stored);
    const group: object = stored;
    fill(group, names, () => 0);
    return group;
  }

  /** The gauges `prefix.name`, made when they are not there yet. */
  gauges<Name extends string>(prefix: string, names: readonly Name[]): Gauges<Name> {
    const stored: Record<string, Gauge> = this.#gauges.get(prefix) ?? {};
    this.#gauges.set(prefix, stored);
    const group: object = stored;
    fill(group, names, () => new Gauge());
    return group;
  }

  /** The histograms `prefix.name`, made when they are not there yet. Their values are milliseconds, but for `bytes_…`. */
  histograms<Name extends string>(prefix: string, names: readonly Name[]): Histograms<Name> {
    const stored: Record<string, Histogram> = this.#histograms.get(prefix) ?? {};
    this.#histograms.set(prefix, stored);
    const group: object = stored;
    fill(group, names, () => new Histogram());
    return group;
  }

  /** Ends the interval that histograms tell of beside the whole. */
  flush(): void {
    for (const group of this.#histograms.values()) {
      for (const histogram of Object.values(group)) histogram.flush();
    }
  }

  /** A text readout, such as `cluster_manager.cds.version_text`. */
  setText(name: string, value: string): void {
    this.#texts.set(name, value);
  }

  /** Sets every counter to zero. */
  resetCounters(): void {
    for (const group of this.#counters.values()) for (const name of Object.keys(group)) group[name] = 0;
  }

  /** Forgets everything under `prefix` and `prefix.…`: what Envoy does when a cluster or listener is gone for good. */
  remove(prefix: string): void {
    for (const groups of [this.#counters, this.#gauges, this.#histograms, this.#texts]) {
      for (const name of groups.keys())
        if (name === prefix || name.startsWith(`${prefix}.`)) groups.delete(name);
    }
  }

  /** Forgets what stands directly under `prefix`, texts by their names. */
  drop(prefix: string, texts: readonly string[]): void {
    for (const groups of [this.#counters, this.#gauges, this.#histograms]) groups.delete(prefix);
    for (const name of texts) this.#texts.delete(nameOf(prefix, name));
  }

  /** Every histogram, sorted by name. */
  listHistograms(): HistogramStat[] {
    const found = [...this.#histograms].flatMap(([prefix, group]) =>
      Object.entries(group).map(([name, histogram]) => ({
        name: nameOf(prefix, name),
        histogram,
        isUsed: histogram.isUsed,
      })),
    );
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  snapshot(): StatsSnapshot {
    const histograms = this.listHistograms().map(({ name, histogram }) => ({
      name,
      snapshot: histogram.snapshot(),
    }));
    return { stats: this.list(), histograms };
  }

  /** Every other statistic, sorted by name. */
  list(): Stat[] {
    const stats: Stat[] = [];
    for (const [prefix, group] of this.#counters) {
      for (const [name, value] of Object.entries(group)) {
        stats.push({ kind: "counter", name: nameOf(prefix, name), value, isUsed: value !== 0 });
      }
    }
    for (const [prefix, group] of this.#gauges) {
      for (const [name, gauge] of Object.entries(group)) {
        const { value, isUsed, exact } = gauge;
        const digits = exact === undefined ? {} : { exact };
        stats.push({ kind: "gauge", name: nameOf(prefix, name), value, isUsed, ...digits });
      }
    }
    for (const [name, value] of this.#texts) stats.push({ kind: "text", name, value, isUsed: true });
    return stats.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}

function nameOf(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}

/**
 * Adds what is missing, so that every name is there. By definition, as V8 makes a hash table of an object that is given more than some 30
 * computed names by assignment, and the counters of a cluster are added to several times a connection.
 */
function fill<Name extends string, Value>(
  group: object,
  names: readonly Name[],
  make: () => Value,
): asserts group is Record<Name, Value> {
  for (const name of names) {
    if (Object.hasOwn(group, name)) continue;
    Object.defineProperty(group, name, {
      value: make(),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
