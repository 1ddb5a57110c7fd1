import { unreachable } from "../../../src/base/unreachable.ts";
import type { SourceNode } from "../../../src/schema/source-node.ts";

/** A tree as plain values: scalars as their texts, a plain one marked by `~` so that `"1"` and `1` differ. */
export function sourceValue(node: SourceNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.isPlain ? `~${node.value}` : node.value;
    case "sequence":
      return node.items.map(sourceValue);
    case "mapping":
      return Object.fromEntries(node.entries.map(({ key, value }) => [key.value, sourceValue(value)]));
    default:
      return unreachable(node);
  }
}
