import { printable } from "../base/printable.ts";
import type { RevisionSource } from "../snapshot/revision.ts";

/** Which commit a revision is, or who pushed it; undefined for a source that tells neither. */
export function sourceLine(source: RevisionSource): string | undefined {
  if (source.kind === "push")
    return source.by === undefined ? undefined : `pushed by ${printable(source.by, 60)}`;
  if (source.kind !== "git") return undefined;
  const { commit, author, subject } = source;
  return `commit ${commit.slice(0, 12)} by ${printable(author, 60)}: ${printable(subject, 72)}`;
}
