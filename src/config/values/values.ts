import type { MappingNode, SourceNode } from "../../schema/source-node.ts";

/** What `${name}` stands for in the texts of a group. */
export interface Values {
  /** By dotted path: `upstream.port` for `upstream: {port: 80}`; mappings and lists have an entry of their own. */
  readonly byName: ReadonlyMap<string, SourceNode>;
  /** Equal for equal values, so that what was made with them can be kept. */
  readonly key: string;
}

/** One set out of several; a later one wins, mappings are merged key by key. */
export function mergeValues(layers: readonly SourceNode[]): Values {
  const byName = new Map<string, SourceNode>();
  const merged = layers
    .filter((layer) => layer.kind === "mapping")
    .reduce<MappingNode | undefined>(merge, undefined);
  if (merged) name(merged, "", byName);
  return { byName, key: JSON.stringify(merged ? plain(merged) : {}) };
}

function merge(under: MappingNode | undefined, over: MappingNode): MappingNode {
  if (!under) return over;
  const entries = new Map(under.entries.map((entry) => [entry.key.value, entry]));
  for (const entry of over.entries) {
    const before = entries.get(entry.key.value)?.value;
    const isBoth = before?.kind === "mapping" && entry.value.kind === "mapping";
    entries.set(entry.key.value, isBoth ? { ...entry, value: merge(before, entry.value) } : entry);
  }
  return { ...over, entries: [...entries.values()] };
}

function name(mapping: MappingNode, prefix: string, into: Map<string, SourceNode>): void {
  for (const { key, value } of mapping.entries) {
    into.set(`${prefix}${key.value}`, value);
    if (value.kind === "mapping") name(value, `${prefix}${key.value}.`, into);
  }
}

function plain(node: SourceNode): unknown {
  if (node.kind === "scalar") return [node.isPlain, node.value];
  if (node.kind === "sequence") return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key.value, plain(value)]));
}
