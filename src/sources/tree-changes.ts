import { basename, sep } from "node:path";
import { isConfigPath } from "../config/config-file.ts";
import { unreachable } from "../base/unreachable.ts";
import { isEndpointFile } from "./endpoint-files.ts";
import type { Layout } from "./scan-tree.ts";

/** Something changed in a folder that is watched. */
export interface FolderEvent {
  /** Real path of the folder. */
  readonly folder: string;
  /** What changed in it; absent when the system does not say, or the folder itself changed. */
  readonly name?: string;
}

/** What an event calls for. Paths are inside the tree. */
export type Affected =
  | { readonly kind: "nothing" }
  /** This file is to be read again. */
  | { readonly kind: "file"; readonly path: string }
  /** This folder is to be listed again, without what is below it. */
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "tree" };

/** What is to be read again. */
export type TreeChanges =
  | { readonly kind: "tree" }
  | { readonly kind: "parts"; readonly files: ReadonlySet<string>; readonly folders: ReadonlySet<string> };

export const wholeTree: TreeChanges = { kind: "tree" };
export const noChanges: TreeChanges = { kind: "parts", files: new Set(), folders: new Set() };

/**
 * What has to be read again after an event. With a symlink in the tree it is all of it: the event may be about what the link
 * leads to. `isKnown`: whether the tree has a file of this path.
 */
export function affectedBy(
  { folder, name }: FolderEvent,
  { hasLinks, folders }: Layout,
  isKnown: (path: string) => boolean,
): Affected {
  const inside = folders.get(folder);
  if (name === undefined || !inside || hasLinks) return { kind: "tree" };
  const path = inside.path === "" ? name : `${inside.path}/${name}`;
  if (isKnown(path)) return { kind: "file", path };
  // A folder that is moved or removed gives its own name. So may something in it be called, which is rare.
  if (inside.subfolders.has(name) || name === basename(folder)) return { kind: "tree" };
  if (name.startsWith(".")) return { kind: "nothing" };
  return { kind: "folder", path: inside.path };
}

/** The path inside the tree, with `/`, of what an event is about; empty when that is the tree or not inside of it. */
export function pathOf({ folder, name }: FolderEvent, { root }: Layout): string {
  if (name === undefined || !(folder === root || folder.startsWith(root + sep))) return "";
  return [...folder.slice(root.length + 1).split(sep), name].filter((part) => part !== "").join("/");
}

/** The changes, and what another event calls for. */
export function withAffected(changes: TreeChanges, affected: Affected): TreeChanges {
  if (changes.kind === "tree") return changes;
  switch (affected.kind) {
    case "nothing":
      return changes;
    case "file":
      return { ...changes, files: new Set([...changes.files, affected.path]) };
    case "folder":
      return { ...changes, folders: new Set([...changes.folders, affected.path]) };
    case "tree":
      return wholeTree;
    default:
      return unreachable(affected);
  }
}

export function isNothing(changes: TreeChanges): boolean {
  return changes.kind === "parts" && changes.files.size === 0 && changes.folders.size === 0;
}

/** True when nothing else is to be read than files of endpoints, and lists of folders of them. */
export function isEndpointsOnly(changes: TreeChanges): boolean {
  if (changes.kind === "tree") return false;
  const { files, folders } = changes;
  return [...files].every(isEndpointFile) && [...folders].every((folder) => isEndpointFile(`${folder}/`));
}

/** One item of a folder's list, as `readdir` gives it. */
export interface ListedEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * What a folder's list says beside what was known of it: files that came and files that went, by their names; undefined when
 * folders or links came or went, or something is no file, which only a look at the whole tree tells rightly.
 */
export function compareListing(
  entries: readonly ListedEntry[],
  known: { readonly files: ReadonlySet<string>; readonly subfolders: ReadonlySet<string> },
): { readonly added: readonly string[]; readonly removed: readonly string[] } | undefined {
  const files = new Set<string>();
  let subfolders = 0;
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) {
      if (!known.subfolders.has(entry.name)) return undefined;
      subfolders += 1;
    } else if (entry.isSymbolicLink()) return undefined;
    else if (isConfigPath(entry.name)) {
      if (!entry.isFile()) return undefined;
      files.add(entry.name);
    }
  }
  if (subfolders !== known.subfolders.size) return undefined;
  return {
    added: [...files].filter((name) => !known.files.has(name)),
    removed: [...known.files].filter((name) => !files.has(name)),
  };
}
