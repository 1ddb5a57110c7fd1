import type { Runtime } from "./extension.ts";
import type { RuntimeEntry } from "./runtime-entry.ts";

/** Where the values of a layer come from. */
export type LayerKind = "static" | "admin" | "rtds";

/** A layer as it stands. */
export interface RuntimeLayer {
  readonly name: string;
  readonly kind: LayerKind;
  readonly entries: ReadonlyMap<string, RuntimeEntry>;
}

/**
 * The values of `layered_runtime`, later layers winning. They change while the proxy runs: who asks once keeps an old answer, so that what
 * Envoy looks up each time is looked up here each time.
 */
export class LayeredRuntime implements Runtime {
  #layers: readonly RuntimeLayer[];
  #values: ReadonlyMap<string, RuntimeEntry>;
  #onChange: () => void = () => undefined;

  constructor(layers: readonly RuntimeLayer[]) {
    this.#layers = layers;
    this.#values = merged(layers);
  }

  get layers(): readonly RuntimeLayer[] {
    return this.#layers;
  }

  /** It may change: not all of its layers are static. */
  get isLive(): boolean {
    return this.#layers.some(({ kind }) => kind !== "static");
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#values.size;
  }

  /** Calls back after each change; one caller at a time. */
  whenChanged(callback: () => void): void {
    this.#onChange = callback;
  }

  isEnabled(key: string, fallback: boolean): boolean {
    return this.#values.get(key)?.isTrue ?? fallback;
  }

  integer(key: string, fallback: number): number {
    return this.#values.get(key)?.whole ?? fallback;
  }

  number(key: string, fallback: number): number {
    return this.#values.get(key)?.number ?? fallback;
  }

  fraction(key: string, fallback: number): number {
    const { fraction, whole } = this.#values.get(key) ?? {};
    return fraction ?? (whole === undefined ? fallback : Math.min(1, whole / 100));
  }

  /** Replaces what a layer says. */
  setLayer(name: string, entries: ReadonlyMap<string, RuntimeEntry>): void {
    this.#layers = this.#layers.map((layer) => (layer.name === name ? { ...layer, entries } : layer));
    this.#values = merged(this.#layers);
    this.#onChange();
  }

  /** Sets keys of the admin layer; undefined takes one out. Gives the reason when there is no such layer. */
  override(changes: ReadonlyMap<string, RuntimeEntry | undefined>): string | undefined {
    const admin = this.#layers.find(({ kind }) => kind === "admin");
    if (!admin) return "No admin layer specified";
    const entries = new Map(admin.entries);
    for (const [key, entry] of changes) {
      if (entry) entries.set(key, entry);
      else entries.delete(key);
    }
    this.setLayer(admin.name, entries);
    return undefined;
  }
}

function merged(layers: readonly RuntimeLayer[]): ReadonlyMap<string, RuntimeEntry> {
  return new Map(layers.flatMap(({ entries }) => [...entries]));
}
