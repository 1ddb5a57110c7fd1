import { nearest } from "../../base/edit-distance.ts";
import type { Problem } from "../../base/problem.ts";
import { found } from "../../schema/from-source/walk.ts";
import type { ScalarNode, SourceNode } from "../../schema/source-node.ts";
import { placeOfNode } from "../source-tree.ts";
import type { Values } from "./values.ts";

export interface Substituted {
  readonly node: SourceNode;
  readonly problems: readonly Problem[];
}

/** How much values may add to one file, in characters; what a file may be long itself. */
const mostAdded = 16 * 1024 * 1024;

const reference = /\$?\$\{(?<name>[A-Za-z_][\w.-]*)(?::=(?<fallback>[^{}]*))?\}/g;

/** True when a text may have something to substitute. */
export function mayRefer(text: string): boolean {
  return text.includes("${");
}

/**
 * The tree with each `${name}` replaced by its value. A plain scalar that is nothing but a reference becomes the value,
 * whatever it is: a number, a list, a mapping. In a longer or quoted text the value has to be a scalar, and the result is
 * text. `${name:=text}` has a fallback; `$${name}` stays as `${name}`. Keys are left alone.
 */
export function substitute(root: SourceNode, values: Values): Substituted {
  const problems: Problem[] = [];
  let added = 0;
  const refuse = (
    node: ScalarNode,
    code: "unknown-value" | "bad-value",
    message: string,
    suggestion?: string,
  ) => {
    problems.push({
      code,
      severity: "error",
      message,
      place: placeOfNode(node),
      ...(suggestion !== undefined && { suggestion }),
    });
    return node;
  };
  const onScalar = (node: ScalarNode): SourceNode => {
    if (!mayRefer(node.value)) return node;
    const [first] = node.value.matchAll(reference);
    const isWhole = node.isPlain && first?.[0] === node.value && !first[0].startsWith("$$");
    const whole = isWhole ? values.byName.get(first.groups!["name"]!) : undefined;
    if (whole) {
      added += whole.end - whole.start;
      return { ...whole, file: node.file, start: node.start, end: node.end };
    }
    let problem: (() => SourceNode) | undefined;
    const text = node.value.replace(reference, (match, name: string, fallback: string | undefined) => {
      if (match.startsWith("$$")) return match.slice(1);
      const value = values.byName.get(name);
      if (!value && fallback !== undefined) return fallback;
      if (!value) {
        const message = `there is no value ${JSON.stringify(name)} in chancery.yaml; write $\${${name}} if this is text`;
        problem ??= () => refuse(node, "unknown-value", message, nearest(name, values.byName.keys()));
        return match;
      }
      if (value.kind !== "scalar") {
        const message = `value ${JSON.stringify(name)} is ${found(value)}; inside a text it has to be text or a number`;
        problem ??= () => refuse(node, "bad-value", message);
        return match;
      }
      added += value.value.length;
      return value.value;
    });
    return problem ? problem() : { ...node, value: text };
  };
  const onNode = (node: SourceNode): SourceNode => {
    if (added > mostAdded) return node;
    if (node.kind === "scalar") return onScalar(node);
    if (node.kind === "sequence") return { ...node, items: node.items.map(onNode) };
    return { ...node, entries: node.entries.map(({ key, value }) => ({ key, value: onNode(value) })) };
  };
  const node = onNode(root);
  if (added > mostAdded) {
    problems.push({
      code: "bad-value",
      severity: "error",
      message: `values would add more than ${mostAdded} characters to this file`,
      place: placeOfNode(root),
    });
  }
  return { node, problems };
}
