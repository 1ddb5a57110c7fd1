import type { Problem } from "../../base/problem.ts";

/** Those of `now` that were not there before, wherever they stand by now: a warning is told once. */
export function newProblems(before: readonly Problem[], now: readonly Problem[]): readonly Problem[] {
  const known = new Set(before.map(identityOf));
  return now.filter((problem) => !known.has(identityOf(problem)));
}

function identityOf({ code, path, message, place }: Problem): string {
  return [code, path, message, place?.file].join("\n");
}
