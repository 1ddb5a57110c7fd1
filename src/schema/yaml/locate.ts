import type { MappingNode, ScalarNode, SourceNode } from "../source-node.ts";
import { parsePath } from "../path.ts";

/**
 * The node that a path such as `clusters[0].metadata.filter_metadata["a.b"]` leads to, or the nearest one above it
 * that the text has. Field names are found in either spelling, `connect_timeout` or `connectTimeout`.
 */
export function locate(root: SourceNode, path: string): SourceNode {
  let node = root;
  for (const segment of parsePath(path)) {
    const next = typeof segment === "number" ? itemAt(node, segment) : entryOf(node, segment);
    if (!next) return node;
    node = next;
  }
  return node;
}

/** The key of the last field of a path, where its name stands in the text; undefined if the text has no such key. */
export function locateKey(root: SourceNode, path: string): ScalarNode | undefined {
  const segments = parsePath(path);
  const last = segments.pop();
  if (typeof last !== "string") return undefined;
  let node: SourceNode | undefined = root;
  for (const segment of segments) {
    if (!node) return undefined;
    node = typeof segment === "number" ? itemAt(node, segment) : entryOf(node, segment);
  }
  return node && findEntry(node, last)?.key;
}

function itemAt(node: SourceNode, index: number): SourceNode | undefined {
  return node.kind === "sequence" ? node.items[index] : undefined;
}

function entryOf(node: SourceNode, name: string): SourceNode | undefined {
  return findEntry(node, name)?.value;
}

/** The entry of a key in either spelling, the exact one first; the last one when it is there twice. */
export function findEntry(node: SourceNode, name: string): MappingNode["entries"][number] | undefined {
  if (node.kind !== "mapping") return undefined;
  return (
    node.entries.findLast(({ key }) => key.value === name) ??
    node.entries.findLast(({ key }) => toCamelCase(key.value) === toCamelCase(name))
  );
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
