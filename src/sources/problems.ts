import type { Problem } from "../base/problem.ts";

/** An error about one file as a whole. */
export function refusal(code: string, file: string, message: string): Problem {
  return { code, severity: "error", message, place: { file, line: 1, column: 1 } };
}

/** An error about the tree as a whole. */
export function failure(code: string, message: string): Problem {
  return { code, severity: "error", message };
}
