import type { GitTarget } from "../../sources/git/target.ts";

/** Why a push is none of ours, or undefined when the repository is to be asked. `payload` is what the sender's JSON says. */
export function irrelevance(
  payload: unknown,
  event: string | undefined,
  target: GitTarget,
): string | undefined {
  if (event !== undefined && !/push|create/i.test(event))
    return `the event ${JSON.stringify(event)} is no push`;
  const ref = textAt(payload, "ref");
  if (ref === undefined) return undefined;
  const wanted = wantedRef(payload, target);
  if (wanted === undefined || ref === wanted || `refs/tags/${ref}` === wanted) return undefined;
  return `${JSON.stringify(ref.slice(0, 200))} is not what is followed`;
}

/** The ref that a push has to be to; undefined when that cannot be known. */
function wantedRef(payload: unknown, target: GitTarget): string | undefined {
  if (target.kind === "branch") return `refs/heads/${target.name}`;
  if (target.kind === "tag") return `refs/tags/${target.name}`;
  if (target.kind === "commit") return target.id;
  const branch =
    textAt(payload, "repository", "default_branch") ?? textAt(payload, "project", "default_branch");
  return branch === undefined ? undefined : `refs/heads/${branch}`;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at: unknown = value;
  for (const name of path) at = typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined;
  return typeof at === "string" ? at : undefined;
}
