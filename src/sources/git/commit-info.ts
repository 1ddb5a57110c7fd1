import type { GitCommit } from "../../config/revision-source.ts";
import { gitFailure, gitWords } from "./git-failure.ts";
import type { Repository } from "./repository.ts";

/** Subjects and names are shown on one line. */
const textMaxLength = 500;

/** Who made a commit, when, and what its message begins with. Throws `GitFailure`. */
export async function readCommitInfo(
  repository: Repository,
  url: string,
  commit: string,
  signal: AbortSignal,
): Promise<GitCommit> {
  const format = "--format=%an <%ae>%x00%ct%x00%s";
  const args = [
    "show",
    "--no-patch",
    "--no-show-signature",
    "--no-notes",
    "--encoding=UTF-8",
    format,
    commit,
  ];
  const result = await repository.git(args, { signal });
  if (result.code !== 0)
    throw gitFailure("git-store", `the commit cannot be read: ${gitWords(result.stderr)}`);
  const [author = "", seconds = "", subject = ""] = result.stdout.toString("utf8").trimEnd().split("\0");
  return {
    kind: "git",
    url,
    commit,
    author: author.slice(0, textMaxLength),
    committedAtMs: Number(seconds) * 1000,
    subject: subject.slice(0, textMaxLength),
  };
}
