import type { Dirent, Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { batchesOf } from "../base/batches.ts";
import type { Problem } from "../base/problem.ts";
import { isConfigPath } from "../config/config-file.ts";
import { failure, refusal } from "./problems.ts";
import type { SourceLimits } from "./reading.ts";

/** A file that belongs to the tree, as it stood when the folder was listed. */
export interface FoundFile {
  /** Inside the tree, `/` between folders. */
  readonly path: string;
  /** Where it really is, symlinks resolved. */
  readonly realPath: string;
  readonly size: number;
  readonly changedMs: number;
  /** Differs whenever the file was replaced or written: inode, size and both times. */
  readonly fingerprint: string;
}

/** Where things stand in a tree: what an event of the file system has to be held against. */
export interface Layout {
  /** The folder itself, symlinks resolved. */
  readonly root: string;
  /** Tells the folder from another one that takes its place (`identityOf`). */
  readonly identity: string;
  /** True when the tree has symlinks: a change anywhere may be a change of what one of them leads to. */
  readonly hasLinks: boolean;
  /** Real path of each folder → its path inside the tree (empty for the root) and the names of the folders in it. */
  readonly folders: ReadonlyMap<string, { readonly path: string; readonly subfolders: ReadonlySet<string> }>;
}

export interface Scan {
  readonly files: readonly FoundFile[];
  readonly problems: readonly Problem[];
  readonly layout: Layout;
}

/** So many files are asked after together: one by one, a tree of thousands is mostly waiting for the next answer. */
export const filesTogether = 32;

/** Called with the real path of each folder before it is listed, so that nothing that changes after that is missed. */
export type OnFolder = (realPath: string, identity: string) => void;

/**
 * Lists the configuration files below a folder. Symlinks are followed as long as they stay inside the folder (so
 * the `..data` links of a Kubernetes ConfigMap work); one that leads out is an error, for what it points to was
 * never part of the tree. Throws what the file system throws when the folder itself cannot be read, and when
 * something vanishes while it is looked at.
 */
export async function scanTree(
  root: string,
  limits: SourceLimits,
  onFolder: OnFolder = () => {},
): Promise<Scan> {
  const realRoot = await realpath(root);
  const identity = identityOf(await stat(realRoot));
  const files: FoundFile[] = [];
  const problems: Problem[] = [];
  const folders = new Map<string, { path: string; subfolders: Set<string> }>();
  let hasLinks = false;

  const lookAt = async (realFolder: string) => onFolder(realFolder, identityOf(await stat(realFolder)));
  const lookInto = (realFolder: string) => async (entry: Entry) => {
    const path = join(realFolder, entry.name);
    const realPath = entry.isLink ? await realpath(path) : path;
    const isInside = realPath === realRoot || realPath.startsWith(realRoot + sep);
    return { ...entry, realPath, stats: isInside ? await stat(realPath) : undefined };
  };
  const visit = async (folder: string, realFolder: string, above: readonly string[]): Promise<void> => {
    const subfolders = new Set<string>();
    folders.set(realFolder, { path: folder, subfolders });
    const entries = await readdir(realFolder, { withFileTypes: true });
    const wanted = entries.map(entryOf).filter(mayCount);
    wanted.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const batch of batchesOf(wanted, filesTogether)) {
      for (const { name, isLink, realPath, stats } of await Promise.all(batch.map(lookInto(realFolder)))) {
        if (files.length > limits.files) return;
        const path = folder === "" ? name : `${folder}/${name}`;
        if (isLink) hasLinks = true;
        if (!stats) {
          problems.push(
            refusal("symlink-outside", path, "symlink leads out of the folder; copy the file into it"),
          );
          continue;
        }
        // What a link leads to may be written where nothing is listed.
        if (isLink) await lookAt(dirname(realPath));
        if (stats.isDirectory()) {
          if (above.includes(realPath)) {
            problems.push(refusal("symlink-loop", path, "symlink leads to a folder that it is in"));
          } else {
            subfolders.add(name);
            onFolder(realPath, identityOf(stats));
            await visit(path, realPath, [...above, realPath]);
          }
        } else if (isConfigPath(path)) {
          if (stats.isFile()) files.push(found(path, realPath, stats));
          else problems.push(refusal("not-a-file", path, "expected a file, found a device, pipe or socket"));
        }
      }
    }
  };
  onFolder(realRoot, identity);
  await visit("", realRoot, [realRoot]);
  return {
    files,
    problems: [...problems, ...overLimits(files, limits)],
    layout: { root: realRoot, identity, hasLinks, folders },
  };
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly isLink: boolean;
}

function mayCount({ name, isFolder, isLink }: Entry): boolean {
  return !name.startsWith(".") && (isFolder || isLink || isConfigPath(name));
}

function entryOf(entry: Dirent): Entry {
  return { name: entry.name, isFolder: entry.isDirectory(), isLink: entry.isSymbolicLink() };
}

/** Tells one file or folder from another that takes its place: file systems hand out the number of one that went again. */
export function identityOf({ dev, ino, birthtimeMs }: Pick<Stats, "dev" | "ino" | "birthtimeMs">): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}

/** Differs whenever the file was replaced or written. */
export function fingerprintOf(realPath: string, stats: Stats): string {
  return [realPath, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(":");
}

function found(path: string, realPath: string, stats: Stats): FoundFile {
  const fingerprint = fingerprintOf(realPath, stats);
  return { path, realPath, size: stats.size, changedMs: stats.ctimeMs, fingerprint };
}

function overLimits(files: readonly FoundFile[], limits: SourceLimits): Problem[] {
  const problems = files
    .filter((file) => file.size > limits.fileBytes)
    .map(({ path, size }) =>
      refusal("file-too-large", path, `file is ${size} bytes, limit is ${limits.fileBytes}`),
    );
  if (files.length > limits.files) {
    problems.push(failure("too-many-files", `more files than the limit of ${limits.files}`));
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > limits.totalBytes) {
    problems.push(
      failure("tree-too-large", `all files together are ${total} bytes, limit is ${limits.totalBytes}`),
    );
  }
  return problems;
}
