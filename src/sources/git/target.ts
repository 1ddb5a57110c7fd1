/** What of a repository is followed. */
export type GitTarget =
  /** The branch that the repository's HEAD names. */
  | { readonly kind: "head" }
  | { readonly kind: "branch"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string }
  /** All of its hexadecimal digits. */
  | { readonly kind: "commit"; readonly id: string };

/** `branch main`, `tag v1`, `commit 1a2b…`: for people. */
export function describeTarget(target: GitTarget): string {
  if (target.kind === "head") return "default branch";
  return target.kind === "commit" ? `commit ${target.id}` : `${target.kind} ${target.name}`;
}

/** The ref on the remote; a commit has none. */
export function refOf(target: GitTarget): string | undefined {
  if (target.kind === "head") return "HEAD";
  if (target.kind === "branch") return `refs/heads/${target.name}`;
  return target.kind === "tag" ? `refs/tags/${target.name}` : undefined;
}

/** True when the name can be one of a branch or tag (git-check-ref-format), and is no option and no pattern. */
export function isRefName(name: string): boolean {
  // eslint-disable-next-line no-control-regex
  const isForbidden = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|(^|\/)\.|\.lock($|\/)|\.$|\/$|^\/|^-|^@$/;
  return name !== "" && !isForbidden.test(name);
}

/** True for a whole SHA-1 or SHA-256; a short one may mean another commit tomorrow. */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
