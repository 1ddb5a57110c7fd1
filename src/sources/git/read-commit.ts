import { posix } from "node:path";
import { hasErrors } from "../../base/problem.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { decodeText } from "../decode-text.ts";
import { failure, notUtf8, refusal } from "../problems.ts";
import type { SourceLimits } from "../reading.ts";
import { GitFailure, gitFailure, gitWords } from "./git-failure.ts";
import { readBlobs } from "./read-blobs.ts";
import type { GitReader } from "./repository.ts";
import { resolveTree, type TreeFile } from "./resolve-tree.ts";
import { parseTree, type TreeEntry } from "./tree-entry.ts";

/** Files of a commit by path, with the object that each was read from. */
export type KnownBlobs = ReadonlyMap<string, { readonly oid: string; readonly file: ConfigFile }>;

export interface CommitTree {
  readonly files: readonly ConfigFile[];
  readonly known: KnownBlobs;
}

export interface CommitTreeOptions {
  /** The folder inside the repository; empty for its root. */
  readonly folder: string;
  readonly limits: SourceLimits;
  /** What an earlier commit had: files that did not change stay the same objects. */
  readonly known: KnownBlobs;
  readonly signal: AbortSignal;
}

/** Entries of all kinds below the folder: a listing is held in memory. */
const listingMaxBytes = 64 * 1024 * 1024;
/** PATH_MAX: a longer link leads nowhere on any system. */
const linkMaxBytes = 4096;

/** Reads the configuration files of one commit. Sizes are asked first; throws `GitFailure` with all that is wrong. */
export async function readCommit(
  repository: GitReader,
  commit: string,
  { folder, limits, known, signal }: CommitTreeOptions,
): Promise<CommitTree> {
  const entries = await listTree(repository, commit, folder, signal);
  const links = entries.filter(({ kind }) => kind === "symlink");
  const targets = await linkTargets(repository, links, signal);
  const { files, problems } = resolveTree(entries, targets, limits.files);
  if (files.length > limits.files) {
    throw new GitFailure([
      ...problems,
      failure("too-many-files", `more files than the limit of ${limits.files}`),
    ]);
  }
  const oversized = await tooLarge(repository, files, limits, signal);
  if (problems.length + oversized.length > 0) throw new GitFailure([...problems, ...oversized]);
  const wanted = files.filter(({ path, oid }) => known.get(path)?.oid !== oid);
  const blobs = await readBlobs(repository, new Set(wanted.map(({ oid }) => oid)), signal);
  const read = new Map<string, { oid: string; file: ConfigFile }>();
  const bad = [];
  for (const { path, oid } of files) {
    const before = known.get(path);
    if (before?.oid === oid) {
      read.set(path, before);
      continue;
    }
    const text = decodeText(blobs.get(oid)!);
    if (typeof text !== "string") bad.push(notUtf8(path, text));
    else if (text.startsWith("version https://git-lfs.github.com/spec/")) {
      bad.push(refusal("git-lfs-pointer", path, "the file is kept in Git LFS, which is not fetched from"));
    } else read.set(path, { oid, file: { path, text, shownAs: posix.join(folder, path) } });
  }
  if (hasErrors(bad)) throw new GitFailure(bad);
  return { files: [...read.values()].map(({ file }) => file), known: read };
}

async function listTree(
  repository: GitReader,
  commit: string,
  folder: string,
  signal: AbortSignal,
): Promise<readonly TreeEntry[]> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", `${commit}:${folder}`];
  const result = await repository.git(args, { signal, stdoutMaxBytes: listingMaxBytes });
  if (result.code === 0) return parseTree(result.stdout);
  if (/does not exist in|Not a valid object name|not a tree object/.test(result.stderr)) {
    throw gitFailure(
      "git-path-missing",
      `commit ${commit.slice(0, 12)} has no folder ${JSON.stringify(folder)}`,
    );
  }
  throw gitFailure("git-store", `the commit cannot be listed: ${gitWords(result.stderr)}`);
}

async function linkTargets(repository: GitReader, links: readonly TreeEntry[], signal: AbortSignal) {
  const oids = new Set(links.map(({ oid }) => oid));
  const sizes = await sizesOf(repository, oids, signal);
  const short = [...oids].filter((oid) => (sizes.get(oid) ?? Infinity) <= linkMaxBytes);
  const blobs = await readBlobs(repository, new Set(short), signal);
  return new Map([...blobs].map(([oid, bytes]) => [oid, bytes.toString("utf8")]));
}

async function tooLarge(
  repository: GitReader,
  files: readonly TreeFile[],
  limits: SourceLimits,
  signal: AbortSignal,
) {
  const sizes = await sizesOf(repository, new Set(files.map(({ oid }) => oid)), signal);
  // What is not here was left out of the fetch for its size.
  const problems = files
    .filter(({ oid }) => (sizes.get(oid) ?? Infinity) > limits.fileBytes)
    .map(({ path, oid }) => {
      const size = sizes.get(oid);
      const found = size === undefined ? "file is larger than the" : `file is ${size} bytes,`;
      return refusal(
        "file-too-large",
        path,
        `${found} limit ${size === undefined ? "of" : "is"} ${limits.fileBytes}`,
      );
    });
  if (problems.length > 0) return problems;
  const total = files.reduce((sum, { oid }) => sum + sizes.get(oid)!, 0);
  if (total <= limits.totalBytes) return [];
  return [failure("tree-too-large", `all files together are ${total} bytes, limit is ${limits.totalBytes}`)];
}

/** Sizes of blobs by object id; those that were not fetched are left out. */
async function sizesOf(repository: GitReader, oids: ReadonlySet<string>, signal: AbortSignal) {
  if (oids.size === 0) return new Map<string, number>();
  const result = await repository.git(["cat-file", "--batch-check"], {
    signal,
    input: [...oids, ""].join("\n"),
  });
  if (result.code !== 0) throw gitFailure("git-store", `sizes cannot be read: ${gitWords(result.stderr)}`);
  const lines = result.stdout.toString("ascii").matchAll(/^([0-9a-f]+) blob (\d+)$/gm);
  return new Map([...lines].map(([, oid, size]) => [oid!, Number(size)]));
}
