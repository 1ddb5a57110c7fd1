import type { Problem } from "../base/problem.ts";
import type { BadByte } from "./decode-text.ts";

/** An error about one file as a whole. */
export function refusal(code: string, file: string, message: string): Problem {
  return { code, severity: "error", message, place: { file, line: 1, column: 1 } };
}

/** An error about a file that is no text. */
export function notUtf8(file: string, { line, column, value }: BadByte): Problem {
  const found = `0x${value.toString(16).padStart(2, "0")}`;
  const message = `expected text in UTF-8, found the byte ${found}`;
  return { code: "file-not-utf8", severity: "error", message, place: { file, line, column } };
}

/** An error about the tree as a whole. */
export function failure(code: string, message: string): Problem {
  return { code, severity: "error", message };
}
