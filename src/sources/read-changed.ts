import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { batchesOf } from "../base/batches.ts";
import { isEndpointFile } from "./endpoint-files.ts";
import { comparePaths, findPath } from "./path-order.ts";
import { readFile } from "./read-file.ts";
import {
  errorCode,
  type KnownFile,
  type KnownTree,
  readingOf,
  takeFile,
  type TreeOptions,
  type TreeReading,
} from "./read-tree.ts";
import { filesTogether, identityOf } from "./scan-tree.ts";
import { compareListing, type TreeChanges } from "./tree-changes.ts";

/** What is written in place is taken when nothing was written for so long: until then it may be half of it. */
const writtenWithinMs = 20;

export interface ChangedOptions extends TreeOptions {
  /** True when anything but endpoint files has changed since the reading began; knows of all that changed before it is asked. */
  readonly hasMoved: () => Promise<boolean>;
}

/**
 * Reads what has changed in a tree, and leaves the rest of it unread. Undefined when the whole tree has to be looked at: a
 * folder or a link came or went, a file is none or too large, or something moved meanwhile, so that what was read may never
 * have stood there together.
 */
export async function readChanged(
  root: string,
  tree: KnownTree,
  changes: Extract<TreeChanges, { kind: "parts" }>,
  options: ChangedOptions,
): Promise<TreeReading | undefined> {
  try {
    const { layout } = tree;
    if (identityOf(await stat(root)) !== layout.identity) return undefined;
    const removed = new Set<string>();
    const wanted = new Set(changes.files);
    for (const folder of changes.folders) {
      const listing = await listAgain(folder, tree);
      if (!listing) return undefined;
      for (const path of listing.added) wanted.add(path);
      for (const path of listing.removed) removed.add(path);
    }
    const read: KnownFile[] = [];
    const moving: string[] = [];
    for (const batch of batchesOf([...wanted], filesTogether)) {
      const results = await Promise.all(batch.map((path) => take(path, tree, options)));
      for (const [index, taken] of results.entries()) {
        const path = batch[index]!;
        if (taken === "whole") return undefined;
        if (taken === "gone") removed.add(path);
        else if (taken === "moving") moving.push(path);
        else read.push(taken);
      }
    }
    if (await options.hasMoved()) return undefined;
    const files = merge(tree.files, read, removed);
    if (isOverLimits(files, options)) return undefined;
    return { reading: readingOf(root, files, options.clock), tree: { files, layout }, moving };
  } catch {
    // Whatever it is, the whole tree tells it, with a reason.
    return undefined;
  }
}

async function listAgain(folder: string, { files, layout }: KnownTree) {
  const [realPath, inside] = [...layout.folders].find(([, { path }]) => path === folder) ?? [];
  if (realPath === undefined || !inside) return undefined;
  const entries = await readdir(realPath, { withFileTypes: true });
  const prefix = folder === "" ? "" : `${folder}/`;
  const names = files.flatMap(({ file: { path } }) => {
    const name = path.slice(prefix.length);
    return path.startsWith(prefix) && !name.includes("/") ? name : [];
  });
  const found = compareListing(entries, { files: new Set(names), subfolders: inside.subfolders });
  const pathOf = (name: string) => prefix + name;
  return found && { added: found.added.map(pathOf), removed: found.removed.map(pathOf) };
}

async function take(
  path: string,
  { files, layout }: KnownTree,
  options: TreeOptions,
): Promise<KnownFile | "gone" | "moving" | "whole"> {
  const { index, isThere } = findPath(files, path, ({ file }) => file.path);
  const before = isThere ? files[index] : undefined;
  // What is endpoints' may stay as it was, if it was; what others are together must stand still together.
  const mayMove = before !== undefined && isEndpointFile(path);
  const startedMs = options.clock.now();
  try {
    const read = await readFile(join(layout.root, path), options.limits.fileBytes);
    if (read.kind === "moving" && mayMove) return "moving";
    if (read.kind !== "read") return "whole";
    const isInPlace = before?.identity === read.identity;
    const ageMs = startedMs - read.changedMs;
    if (mayMove && isInPlace && ageMs >= 0 && ageMs < writtenWithinMs) return "moving";
    const taken = takeFile(path, read, before, startedMs, options);
    return "file" in taken ? taken : "whole";
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "gone";
    throw error;
  }
}

/** The files with what was read in its places, and without what is gone. The same list when that changes nothing. */
function merge(
  files: readonly KnownFile[],
  read: readonly KnownFile[],
  removed: ReadonlySet<string>,
): readonly KnownFile[] {
  const next = [...files];
  const added: KnownFile[] = [];
  for (const each of read) {
    const { index, isThere } = findPath(files, each.file.path, ({ file }) => file.path);
    if (isThere) next[index] = each;
    else added.push(each);
  }
  if (added.length === 0 && removed.size === 0) return next;
  return [...next, ...added]
    .filter(({ file }) => !removed.has(file.path))
    .sort((a, b) => comparePaths(a.file.path, b.file.path));
}

function isOverLimits(files: readonly KnownFile[], { limits }: TreeOptions): boolean {
  if (files.length > limits.files) return true;
  return files.reduce((sum, { size }) => sum + size, 0) > limits.totalBytes;
}
