import type { Place } from "../base/problem.ts";
import { unreachable } from "../base/unreachable.ts";
import { isNull } from "../schema/from-source/plain.ts";
import type { MappingNode, ScalarNode, SourceNode } from "../schema/source-node.ts";
import { placeOf } from "../schema/yaml/place.ts";

export type Entry = MappingNode["entries"][number];

/** `routeConfigs` and `route_configs` are the same key, as everywhere in Envoy's YAML. */
export function fieldKey(key: ScalarNode): string {
  return key.value.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The entry of a key, in either spelling; the last one when it is there twice, as Envoy reads it. */
export function entryOf(mapping: MappingNode, name: string): Entry | undefined {
  return mapping.entries.findLast(({ key }) => fieldKey(key) === name);
}

/** The text of a scalar entry, or undefined when there is none. */
export function textOf(mapping: MappingNode, name: string): string | undefined {
  const value = entryOf(mapping, name)?.value;
  return value?.kind === "scalar" && !isNull(value) ? value.value : undefined;
}

/** The mapping without its "@type", which says what the rest is. */
export function withoutType(mapping: MappingNode): MappingNode {
  const entries = mapping.entries.filter(({ key }) => key.value !== "@type");
  return entries.length === mapping.entries.length ? mapping : { ...mapping, entries };
}

/** True when the offset lies inside a key or a value: text there is content, whatever it looks like. */
export function isWithinScalar(node: SourceNode, offset: number): boolean {
  if (offset < node.start || offset >= node.end) return false;
  switch (node.kind) {
    case "scalar":
      return true;
    case "sequence":
      return isWithinOneOf(node.items, offset);
    case "mapping":
      return node.entries.some(
        ({ key, value }) => isWithinScalar(key, offset) || isWithinScalar(value, offset),
      );
    default:
      return unreachable(node);
  }
}

/** Lists may have thousands of items, and those after the offset need no look. */
function isWithinOneOf(items: readonly SourceNode[], offset: number): boolean {
  for (const item of items) {
    if (item.start > offset) return false;
    if (item.end > offset) return isWithinScalar(item, offset);
  }
  return false;
}

/** Where a node begins. */
export function placeOfNode(node: SourceNode): Place {
  return placeOf(node.file, node.start);
}
