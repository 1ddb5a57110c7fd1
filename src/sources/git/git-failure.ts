import { maskSecrets } from "../../base/mask-secrets.ts";
import { printable } from "../../base/printable.ts";
import type { Problem } from "../../base/problem.ts";

/** Why a repository gives nothing to serve right now. */
export class GitFailure extends Error {
  override readonly name = "GitFailure";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems[0]?.message ?? "");
    this.problems = problems;
  }
}

/** A failure with one reason. */
export function gitFailure(code: string, message: string): GitFailure {
  return new GitFailure([{ code, severity: "error", message }]);
}

/** What git wrote to stderr as one safe line: no advice, no credentials, cut. */
export function gitWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(
      (line) => line !== "" && !/^(hint:|warning: |Please make sure|and the repository exists)/.test(line),
    );
  const text = lines.map((line) => line.replace(/^(fatal|error): /, "")).join("; ");
  return printable(maskSecrets(text).replaceAll(/\/\/[^/@\s]*@/g, "//[masked]@"), 400);
}
