import { nearest } from "../../base/edit-distance.ts";
import { unreachable } from "../../base/unreachable.ts";
import { found } from "../../schema/from-source/walk.ts";
import type { MappingNode, ScalarNode, SourceNode } from "../../schema/source-node.ts";
import { findEntry } from "../../schema/yaml/locate.ts";
import type { Operation, Pointer } from "./overlay.ts";
import { pointerText } from "./pointer.ts";

/** Why an operation cannot be done; `at` is the pointer that leads nowhere. */
export class PatchFailure {
  readonly at: ScalarNode;
  readonly message: string;
  readonly suggestion: string | undefined;

  constructor(pointer: Pointer, message: string, suggestion?: string) {
    this.at = pointer.node;
    this.message = message;
    this.suggestion = suggestion;
  }
}

/** True when two trees mean the same as resources. */
export type IsSame = (a: SourceNode, b: SourceNode) => boolean;

/**
 * The tree after one operation of JSON Patch (RFC 6902); the tree that was given stays as it is and shares what did not
 * change. Field names are found in either spelling. `test` holds when putting its value there would change nothing.
 */
export function patchTree(root: SourceNode, operation: Operation, isSame: IsSame): SourceNode | PatchFailure {
  const { path } = operation;
  switch (operation.op) {
    case "add":
      return edit(root, path, putting(path, operation.value));
    case "replace":
      return edit(root, path, replacing(path, operation.value));
    case "remove":
      return edit(root, path, removing(path));
    case "test": {
      const expected = edit(root, path, putting(path, operation.value, "over"));
      if (expected instanceof PatchFailure) return expected;
      if (isSame(root, expected)) return root;
      return new PatchFailure(path, `the test fails: ${path.node.value} is ${shown(valueAt(root, path))}`);
    }
    case "copy":
    case "move":
      return transfer(root, operation);
    default:
      return unreachable(operation);
  }
}

/** `move` is a removal and then an `add`, so indexes of its `path` are those of the list without the item. */
function transfer(
  root: SourceNode,
  { op, path, from }: Extract<Operation, { readonly op: "copy" | "move" }>,
): SourceNode | PatchFailure {
  const value = valueAt(root, from);
  if (value instanceof PatchFailure) return value;
  if (op === "copy") return edit(root, path, putting(path, value));
  if (
    `${pointerText(path.segments)}/`.startsWith(`${pointerText(from.segments)}/`) &&
    path.segments.length > from.segments.length
  ) {
    return new PatchFailure(path, "a value cannot be moved into itself");
  }
  const rest = edit(root, from, removing(from));
  return rest instanceof PatchFailure ? rest : edit(rest, path, putting(path, value));
}

/** What becomes of the parent when the last segment of a pointer is dealt with. */
type Change = (parent: SourceNode, segment: string) => SourceNode | PatchFailure;

function edit(root: SourceNode, pointer: Pointer, change: Change): SourceNode | PatchFailure {
  const { segments } = pointer;
  const step = (node: SourceNode, depth: number): SourceNode | PatchFailure => {
    if (depth === segments.length - 1) return change(node, segments[depth]!);
    const child = childOf(node, pointer, depth);
    if (child instanceof PatchFailure) return child;
    const next = step(child, depth + 1);
    return next instanceof PatchFailure ? next : withChild(node, segments[depth]!, next);
  };
  return step(root, 0);
}

/** `add`: over what is there in a mapping, between items in a list; `over`: in place of an item. */
function putting(pointer: Pointer, value: SourceNode, items: "between" | "over" = "between"): Change {
  return (parent, segment) => {
    if (parent.kind === "mapping") {
      if (findEntry(parent, segment)) return withChild(parent, segment, value);
      const key: ScalarNode = { ...pointer.node, value: segment, isPlain: false };
      return { ...parent, entries: [...parent.entries, { key, value }] };
    }
    if (parent.kind === "sequence") {
      if (items === "over") return replacing(pointer, value)(parent, segment);
      const index = segment === "-" ? parent.items.length : indexOf(segment);
      if (index === undefined || index > parent.items.length)
        return noItem(pointer, pointer.segments.length - 1, parent);
      return { ...parent, items: [...parent.items.slice(0, index), value, ...parent.items.slice(index)] };
    }
    return notInside(pointer, pointer.segments.length - 1, parent);
  };
}

function replacing(pointer: Pointer, value: SourceNode): Change {
  return (parent, segment) => {
    const before = childOf(parent, pointer, pointer.segments.length - 1);
    return before instanceof PatchFailure ? before : withChild(parent, segment, value);
  };
}

function removing(pointer: Pointer): Change {
  return (parent, segment) => {
    const before = childOf(parent, pointer, pointer.segments.length - 1);
    if (before instanceof PatchFailure) return before;
    if (parent.kind === "sequence") {
      const index = indexOf(segment);
      return { ...parent, items: parent.items.filter((_, at) => at !== index) };
    }
    if (parent.kind !== "mapping") return parent;
    const gone = findEntry(parent, segment)?.key.value;
    return { ...parent, entries: parent.entries.filter(({ key }) => key.value !== gone) };
  };
}

/** What a pointer leads to. */
function valueAt(root: SourceNode, pointer: Pointer): SourceNode | PatchFailure {
  let node = root;
  for (const depth of pointer.segments.keys()) {
    const child = childOf(node, pointer, depth);
    if (child instanceof PatchFailure) return child;
    node = child;
  }
  return node;
}

function childOf(node: SourceNode, pointer: Pointer, depth: number): SourceNode | PatchFailure {
  const segment = pointer.segments[depth]!;
  if (node.kind === "mapping") return findEntry(node, segment)?.value ?? notSet(pointer, depth, node);
  if (node.kind === "scalar") return notInside(pointer, depth, node);
  return node.items[indexOf(segment) ?? node.items.length] ?? noItem(pointer, depth, node);
}

/** The node with another child in the place of one that it has. */
function withChild(node: SourceNode, segment: string, child: SourceNode): SourceNode {
  if (node.kind === "mapping") {
    const key = findEntry(node, segment)?.key;
    return {
      ...node,
      entries: node.entries.map((entry) => (entry.key === key ? { ...entry, value: child } : entry)),
    };
  }
  if (node.kind === "scalar") return node;
  const index = indexOf(segment);
  return { ...node, items: node.items.map((item, at) => (at === index ? child : item)) };
}

/** RFC 6901: digits without a leading zero. */
function indexOf(segment: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : undefined;
}

function notSet(pointer: Pointer, depth: number, node: MappingNode): PatchFailure {
  const { segments } = pointer;
  const message = `${pointerText(segments, depth + 1)} is not set`;
  return new PatchFailure(
    pointer,
    depth < segments.length - 1 ? `${message}, so nothing can be done inside it` : message,
    nearest(
      segments[depth]!,
      node.entries.map(({ key }) => key.value),
    ),
  );
}

function noItem(pointer: Pointer, depth: number, node: SourceNode & { kind: "sequence" }): PatchFailure {
  const { segments } = pointer;
  const list = pointerText(segments, depth);
  return new PatchFailure(
    pointer,
    `${list === "" ? "the resource" : list} has ${node.items.length} items; there is no ${JSON.stringify(segments[depth])}`,
  );
}

function notInside(pointer: Pointer, depth: number, node: SourceNode): PatchFailure {
  return new PatchFailure(
    pointer,
    `${pointerText(pointer.segments, depth)} is ${found(node)}, which has nothing inside`,
  );
}

function shown(value: SourceNode | PatchFailure): string {
  return value instanceof PatchFailure ? "not set" : found(value);
}
