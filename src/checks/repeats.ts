import type { Problem } from "../base/problem.ts";
import type { Resource } from "../config/resource.ts";
import { placeOfValue, problemAt } from "./problem-at.ts";

interface Named {
  readonly name: string;
  readonly path: string;
}

/** One problem for each name that was there before, showing both places. */
export function repeats(
  resource: Resource,
  code: string,
  noun: string,
  severity: "error" | "warning",
  all: readonly Named[],
): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, path } of all) {
    const before = first.get(name);
    if (before === undefined) {
      first.set(name, path);
      continue;
    }
    const firstPlace = placeOfValue(resource, before);
    problems.push(
      problemAt(placeOfValue(resource, path), {
        code,
        severity,
        message: `${noun} ${JSON.stringify(name)} is there twice`,
        path,
        ...(firstPlace ? { related: [{ place: firstPlace, message: "first here" }] } : {}),
      }),
    );
  }
  return problems;
}
