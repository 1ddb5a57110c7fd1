import type { JsonValue } from "../../schema/json-value.ts";

export type Fields = Readonly<Record<string, JsonValue>>;

/** A resource on its way into a folder. */
export interface ImportedResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Without "@type". */
  readonly fields: Fields;
}

/** What was found in a source. */
export interface Imported {
  readonly resources: readonly ImportedResource[];
  /** Clusters that lead to the management server, which stay in the bootstrap of each node. */
  readonly bootstrapClusters: readonly string[];
  /** Who the proxy says it is. */
  readonly node?: { readonly id: string; readonly cluster: string };
  /** What was left out or changed, a sentence each. */
  readonly notes: readonly string[];
}

export function fieldsOf(value: JsonValue | undefined): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: JsonValue | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
