import type { MetadataValue } from "./connection-info.ts";

type Fields = Readonly<Record<string, MetadataValue>>;

/**
 * Metadata that the hosts of a connection or request must have: the `envoy.lb` part of the `metadata_match` of a route, a weighted
 * cluster or tcp_proxy. Immutable.
 */
export class MetadataMatch {
  /** The same for two of them that ask for the same. */
  readonly key: string;
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
    this.key = metadataKey(Object.entries(fields));
  }

  /** The names of the fields, sorted and joined: what tells which selector is asked for. */
  get names(): readonly string[] {
    return Object.keys(this.#fields).sort();
  }

  /** With more fields, which win over those of the same name. */
  with(fields: Fields): MetadataMatch {
    return new MetadataMatch({ ...this.#fields, ...fields });
  }

  /** These fields alone; undefined where one of them is not asked for. */
  only(names: readonly string[]): MetadataMatch | undefined {
    const entries = names.flatMap((name) => {
      const value = this.#fields[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return entries.length === names.length ? new MetadataMatch(Object.fromEntries(entries)) : undefined;
  }
}

/** A text that is the same for the same names and values, in whatever order they stand. */
export function metadataKey(entries: readonly (readonly [string, MetadataValue])[]): string {
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted.map(([name, value]) => [name, sortedValue(value)]));
}

/** With the keys of all objects in it sorted. */
function sortedValue(value: MetadataValue): MetadataValue {
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map(sortedValue);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sortedValue(inner)]));
}

/** `Array.isArray` does not tell a read-only list from an object. */
function isList(value: MetadataValue): value is readonly MetadataValue[] {
  return Array.isArray(value);
}
