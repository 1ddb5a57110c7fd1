import type { Problem } from "../../base/problem.ts";
import { isConfigPath } from "../../config/config-file.ts";
import { refusal } from "../problems.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** A configuration file of a commit. */
export interface TreeFile {
  readonly path: string;
  readonly oid: string;
}

export interface ResolvedTree {
  /** In order of path. */
  readonly files: readonly TreeFile[];
  readonly problems: readonly Problem[];
}

type Child = Folder | TreeEntry;
type Folder = Map<string, Child>;

/** More links on the way to one file, or more folders through links, than anybody means. */
const mostDepth = 40;

const linkMessages = {
  "symlink-outside": "symlink leads out of the folder; copy the file into it",
  "symlink-nowhere": "symlink leads to nothing that is in the commit",
  "symlink-loop": "symlink leads back to itself, or to a folder that it is in",
} as const;

/** What a path leads to, and the folders that it really lies in. */
interface Found {
  readonly child: Child;
  readonly trail: readonly string[];
}

/**
 * The configuration files of a commit. Links are followed inside the folder that is served, as in a folder on a disk; one that leads
 * out of it, nowhere or round in a circle is an error, and so is a submodule, whose files the commit does not hold. `targets` has
 * the text of each link by its object id. Lists at most one file more than `mostFiles`.
 */
export function resolveTree(
  entries: readonly TreeEntry[],
  targets: ReadonlyMap<string, string>,
  mostFiles: number,
): ResolvedTree {
  const root: Folder = new Map();
  for (const entry of entries) insert(root, entry);
  const files: TreeFile[] = [];
  const problems: Problem[] = [];

  const follow = (from: readonly string[], target: string, hops = 0): Found | keyof typeof linkMessages => {
    if (target.startsWith("/")) return "symlink-outside";
    if (hops > mostDepth) return "symlink-loop";
    let at: Found = { child: folderAt(root, from) ?? root, trail: from };
    for (const name of target.split("/").filter((part) => part !== "" && part !== ".")) {
      if (!(at.child instanceof Map)) return "symlink-nowhere";
      if (name === "..") {
        if (at.trail.length === 0) return "symlink-outside";
        const trail = at.trail.slice(0, -1);
        at = { child: folderAt(root, trail) ?? root, trail };
        continue;
      }
      const child = at.child.get(name);
      if (child === undefined) return "symlink-nowhere";
      if (child instanceof Map || child.kind !== "symlink") at = { child, trail: [...at.trail, name] };
      else {
        const next = follow(at.trail, targets.get(child.oid) ?? "", hops + 1);
        if (typeof next === "string") return next;
        at = next;
      }
    }
    return at;
  };

  const visit = (folder: Folder, trail: readonly string[], above: readonly Folder[], path: string): void => {
    for (const [name, child] of [...folder].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (files.length > mostFiles || name.startsWith(".")) continue;
      const childPath = path === "" ? name : `${path}/${name}`;
      const isLink = !(child instanceof Map) && child.kind === "symlink";
      const found = isLink ? follow(trail, targets.get(child.oid) ?? "") : { child, trail: [...trail, name] };
      if (typeof found === "string") problems.push(refusal(found, childPath, linkMessages[found]));
      else if (found.child instanceof Map) {
        const isLoop = above.includes(found.child) || above.length > mostDepth * 5;
        if (isLoop) problems.push(refusal("symlink-loop", childPath, linkMessages["symlink-loop"]));
        else visit(found.child, found.trail, [...above, found.child], childPath);
      } else if (found.child.kind === "submodule") {
        const message = "a submodule is not fetched; put its files into the repository itself";
        problems.push(refusal("git-submodule", childPath, message));
      } else if (isConfigPath(childPath)) files.push({ path: childPath, oid: found.child.oid });
    }
  };
  visit(root, [], [root], "");
  return { files, problems };
}

function insert(root: Folder, entry: TreeEntry): void {
  const names = entry.path.split("/");
  let folder = root;
  for (const name of names.slice(0, -1)) {
    const next = folder.get(name);
    if (next instanceof Map) folder = next;
    else {
      const made: Folder = new Map();
      folder.set(name, made);
      folder = made;
    }
  }
  folder.set(names.at(-1)!, entry);
}

function folderAt(root: Folder, trail: readonly string[]): Folder | undefined {
  let folder = root;
  for (const name of trail) {
    const next = folder.get(name);
    if (!(next instanceof Map)) return undefined;
    folder = next;
  }
  return folder;
}
