import type { Problem, Severity } from "../../base/problem.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { SourceProblemCode } from "../problem-codes.ts";
import type { SourceNode } from "../source-node.ts";
import { placeOf } from "../yaml/place.ts";

/**
 * One mapping run: the problems found so far and the path to the node that is being read. Readers push a segment
 * before they go down and pop it after, so a path is only put together where a problem needs it.
 */
export class Walk {
  readonly problems: Problem[] = [];
  readonly checksRules: boolean;
  /** How many values could not be read; a broken rule is no such error. */
  errors = 0;
  /** Messages around the one being read. */
  depth = 0;
  readonly #root: string;
  readonly #segments: string[] = [];

  constructor(root: string, checksRules: boolean) {
    this.#root = root;
    this.checksRules = checksRules;
  }

  /** `name` for a field, `[0]` for an item, `["key"]` for a map entry. */
  push(segment: string): void {
    this.#segments.push(segment);
  }

  pop(): void {
    this.#segments.pop();
  }

  get path(): string {
    let path = this.#root;
    for (const segment of this.#segments) {
      path += path === "" || segment.startsWith("[") ? segment : `.${segment}`;
    }
    return path;
  }

  /** Notes an error at a node; returns undefined, which stands for a value that could not be read. */
  error(code: SourceProblemCode, node: SourceNode, message: string, suggestion?: string): undefined {
    this.errors += 1;
    this.#note("error", code, node, message, suggestion);
    return undefined;
  }

  warn(code: SourceProblemCode, node: SourceNode, message: string): void {
    this.#note("warning", code, node, message, undefined);
  }

  #note(
    severity: Severity,
    code: SourceProblemCode,
    node: SourceNode,
    message: string,
    suggestion?: string,
  ): void {
    const { path } = this;
    const place = placeOf(node.file, node.start);
    this.problems.push({
      code,
      severity,
      message,
      place,
      ...(path === "" ? {} : { path }),
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
}

/** A node as a message quotes it: `"250ms"`, `a list`, `a mapping`, `nothing`. */
export function found(node: SourceNode): string {
  switch (node.kind) {
    case "scalar": {
      if (node.isPlain && node.value === "") return "nothing";
      const value = node.value.length > 60 ? `${node.value.slice(0, 60)}…` : node.value;
      return JSON.stringify(value);
    }
    case "sequence":
      return "a list";
    case "mapping":
      return "a mapping";
    default:
      return unreachable(node);
  }
}
