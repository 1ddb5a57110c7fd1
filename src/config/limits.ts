import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "./config-file.ts";

/** What a tree may cost before it is refused, whatever source it came from. */
export interface CompileLimits {
  /** Longest text of one file, in UTF-16 units. */
  readonly fileLength: number;
  /** Longest text of all files together, in UTF-16 units. */
  readonly totalLength: number;
  readonly files: number;
}

/** 16 Mi units hold some 20,000 clusters in one file; the whole may hold 16 such files, in 50,000 pieces. */
export const defaultCompileLimits: CompileLimits = {
  fileLength: 16 * 1024 * 1024,
  totalLength: 256 * 1024 * 1024,
  files: 50_000,
};

/** The errors for which nothing of the tree is looked at. */
export function overLimits(files: readonly ConfigFile[], limits: CompileLimits): Problem[] {
  const problems: Problem[] = files
    .filter(({ text }) => text.length > limits.fileLength)
    .map(({ path, text, shownAs = path }) => ({
      code: "file-too-large",
      severity: "error",
      message: `file is ${text.length} characters long, limit is ${limits.fileLength}`,
      place: { file: shownAs, line: 1, column: 1 },
    }));
  if (files.length > limits.files) {
    problems.push({
      code: "too-many-files",
      severity: "error",
      message: `${files.length} files, limit is ${limits.files}`,
    });
  }
  const total = files.reduce((sum, { text }) => sum + text.length, 0);
  if (total > limits.totalLength) {
    problems.push({
      code: "tree-too-large",
      severity: "error",
      message: `all files together are ${total} characters long, limit is ${limits.totalLength}`,
    });
  }
  return problems;
}
