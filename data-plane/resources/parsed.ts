import type { Problem } from "../../src/base/problem.ts";
import { formatProblem } from "../../src/base/problem.ts";
import type { DataPlaneProblemCode } from "./problem-codes.ts";

/** What came of reading a configuration: the value, or the errors that refuse it; warnings may stand beside a value. */
export interface Parsed<Value> {
  /** Absent exactly when `problems` holds an error. */
  readonly value?: Value;
  readonly problems: readonly Problem[];
}

/** A refusal at a path. `code` tells kinds of refusal apart. */
export function refuse(
  path: string,
  message: string,
  code: DataPlaneProblemCode = "invalid-resource",
): Problem {
  return { code, severity: "error", message, ...(path === "" ? {} : { path }) };
}

/** Something that is taken, but not the way that its author may think. */
export function warn(path: string, message: string, code: DataPlaneProblemCode = "no-effect"): Problem {
  return { code, severity: "warning", message, path };
}

/** The value, unless a problem is an error. */
export function parsed<Value>(value: Value, problems: readonly Problem[]): Parsed<Value> {
  const isRefused = problems.some((problem) => problem.severity === "error");
  return isRefused ? { problems } : { value, problems };
}

/** All errors in one line, each with its path. */
export function reasonOf(problems: readonly Problem[]): string {
  return problems
    .filter((problem) => problem.severity === "error")
    .map(formatProblem)
    .join("; ");
}
