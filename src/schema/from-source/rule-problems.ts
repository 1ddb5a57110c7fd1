import type { Problem } from "../../base/problem.ts";
import type { RuleViolation } from "../rules/rule-checker.ts";
import type { SourceNode } from "../source-node.ts";
import { locate } from "../yaml/locate.ts";
import { placeOf } from "../yaml/place.ts";
import type { Walk } from "./walk.ts";

/**
 * Turns the violations of the message that `node` is into problems at their places; a missing field stands at the
 * mapping that lacks it. A rule that is broken only because a value could not be read is left out.
 */
export function noteViolations(violations: readonly RuleViolation[], node: SourceNode, walk: Walk): void {
  const prefix = walk.path;
  for (const violation of violations) {
    const path = joinPaths(prefix, violation.path);
    if (walk.errors > 0 && isExplained(violation, path, walk.problems)) continue;
    const at = locate(node, violation.path);
    const place = placeOf(at.file, at.start);
    walk.problems.push({
      code: "rule-violation",
      severity: "error",
      message: violation.message,
      place,
      path,
    });
  }
}

function isExplained({ members }: RuleViolation, path: string, problems: readonly Problem[]): boolean {
  const parent = parentOf(path);
  const paths = members ? members.map((member) => joinPaths(parent, member)) : [path];
  return problems.some((problem) => paths.some((each) => explains(problem, each)));
}

/** True when a problem found in reading is the reason why a rule about `path` is broken. */
function explains({ code, path = "", suggestion }: Problem, rulePath: string): boolean {
  if (code === "rule-violation") return false;
  if (isAtOrBelow(path, rulePath) || isAtOrBelow(rulePath, path)) return true;
  return (
    code === "unknown-field" && suggestion !== undefined && rulePath === joinPaths(parentOf(path), suggestion)
  );
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

function isAtOrBelow(path: string, ancestor: string): boolean {
  return (
    path.startsWith(ancestor) && (path.length === ancestor.length || /[.[]/.test(path[ancestor.length]!))
  );
}

function joinPaths(prefix: string, path: string): string {
  return prefix === "" || path === "" || path.startsWith("[") ? `${prefix}${path}` : `${prefix}.${path}`;
}
