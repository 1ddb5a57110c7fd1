/** Below so many changes a map is not made anew. */
const fewChanges = 64;

/**
 * The map with these entries set and without these keys. It costs what changes, and not what there is, for it keeps the
 * changes beside the map that it was made from; once they have become many, which is after about the square root of the
 * size, it is made anew. Keys stay in their order, and new ones come last.
 */
export function withChanges<K, V extends object>(
  map: ReadonlyMap<K, V>,
  changed: Iterable<readonly [K, V]>,
  removed: Iterable<K>,
): ReadonlyMap<K, V> {
  const [base, before] = map instanceof LayeredMap ? map.layers : [map, undefined];
  const layer = new Map<K, V | undefined>(before);
  for (const key of removed) {
    if (base.has(key)) layer.set(key, undefined);
    else layer.delete(key);
  }
  for (const [key, value] of changed) layer.set(key, value);
  const layered = new LayeredMap(base, layer);
  return layer.size > fewChanges && layer.size ** 2 > 2 * base.size ? new Map(layered) : layered;
}

/** A map that nobody changes, and over it what differs: a value, or undefined for what is gone. */
class LayeredMap<K, V extends object> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>;
  readonly #layer: ReadonlyMap<K, V | undefined>;
  readonly size: number;

  constructor(base: ReadonlyMap<K, V>, layer: ReadonlyMap<K, V | undefined>) {
    this.#base = base;
    this.#layer = layer;
    let { size } = base;
    for (const [key, value] of layer) size += (value ? 1 : 0) - (base.has(key) ? 1 : 0);
    this.size = size;
  }

  get layers(): readonly [ReadonlyMap<K, V>, ReadonlyMap<K, V | undefined>] {
    return [this.#base, this.#layer];
  }

  get(key: K): V | undefined {
    return this.#layer.get(key) ?? (this.#layer.has(key) ? undefined : this.#base.get(key));
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): Generator<[K, V], undefined> {
    for (const [key, value] of this.#base) {
      const now = this.#layer.has(key) ? this.#layer.get(key) : value;
      if (now) yield [key, now];
    }
    for (const [key, value] of this.#layer) {
      if (value && !this.#base.has(key)) yield [key, value];
    }
    return undefined;
  }

  *keys(): Generator<K, undefined> {
    for (const [key] of this.entries()) yield key;
    return undefined;
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value;
    return undefined;
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries();
  }
}
