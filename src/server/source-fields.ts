import { printable } from "../base/printable.ts";
import type { LogFields } from "../base/log.ts";
import type { RevisionSource } from "../snapshot/revision.ts";

/** Who is behind a state of the configuration, for a line of the log: the commit and its author; nothing for a folder. */
export function sourceFields(source: RevisionSource | undefined): LogFields {
  if (source?.kind === "push") return { pushed_by: source.by };
  if (source?.kind !== "git") return {};
  return {
    commit: source.commit,
    author: printable(source.author, 100),
    subject: printable(source.subject, 100),
  };
}
