import { realpath } from "node:fs/promises";
import { batchesOf } from "../base/batches.ts";
import type { Clock } from "../base/clock.ts";
import { errorMessage } from "../base/error-message.ts";
import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import type { BadByte } from "./decode-text.ts";
import { isEndpointFile } from "./endpoint-files.ts";
import { failure, notUtf8 } from "./problems.ts";
import { type FileRead, readFile } from "./read-file.ts";
import type { Reading, SourceLimits } from "./reading.ts";
import { filesTogether, type FoundFile, type Layout, type OnFolder, scanTree } from "./scan-tree.ts";

/** A file as it was read last. */
export interface KnownFile {
  readonly file: ConfigFile;
  readonly size: number;
  /** That of the file when it was read; empty when it was too young then to be sure that it is told by it. */
  readonly fingerprint: string;
  readonly identity: string;
}

/** A tree as it was read last: what the next reading begins with. */
export interface KnownTree {
  /** In order of path. */
  readonly files: readonly KnownFile[];
  readonly layout: Layout;
}

export interface TreeReading {
  readonly reading: Reading;
  /** Absent when the tree was never read. */
  readonly tree?: KnownTree;
  /** Endpoint files were written meanwhile and stand as they were before: the folder has to be looked at again. */
  readonly moving: readonly string[];
}

export interface TreeOptions {
  readonly limits: SourceLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The name of a file that problems show; without it, its path inside the tree. */
  readonly shownAs?: ((path: string) => string) | undefined;
  readonly onFolder?: OnFolder;
}

/** File times may be as coarse as 2 s (FAT, some network file systems): a younger file may change unnoticed. */
const settledAfterMs = 2000;
const attempts = 20;
const betweenAttemptsMs = 50;

/**
 * Reads all configuration files below a folder as they stood at one moment: lists, reads, lists again, and starts
 * anew when anything but endpoints moved in between, up to 20 times 50 ms apart. Never throws for what is on disk.
 */
export async function readTree(
  root: string,
  known: KnownTree | undefined,
  options: TreeOptions,
): Promise<TreeReading> {
  const { limits, clock, signal, onFolder } = options;
  const failed = (...problems: readonly Problem[]): TreeReading => ({
    reading: { kind: "failed", problems, readAtMs: clock.now() },
    ...(known && { tree: known }),
    moving: [],
  });
  const knownFiles = new Map(known?.files.map((each) => [each.file.path, each]));
  let moved = "it keeps changing while it is read";
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
    if (attempt > 0) await pause(clock, betweenAttemptsMs, signal);
    try {
      const before = await scanTree(root, limits, onFolder);
      if (before.problems.length > 0) return failed(...before.problems);
      const read = await readFiles(before.files, knownFiles, options);
      const after = await scanTree(root, limits, onFolder);
      const moving = movingEndpoints(before.files, after.files);
      if (
        !moving ||
        ![...moving, ...read.moving].every((path) => isEndpointFile(path) && knownFiles.has(path))
      )
        continue;
      if (read.problems.length > 0) return failed(...read.problems);
      // Endpoints that are written on and on must not keep the rest from being read. What is being written may be half of
      // it, so the file stays as it was; a reading after this one has it.
      const waiting = new Set([...moving, ...read.moving]);
      const files = read.files.map((each) =>
        waiting.has(each.file.path) ? knownFiles.get(each.file.path)! : each,
      );
      const tree = { files, layout: after.layout };
      return { reading: readingOf(root, files, clock), tree, moving: [...waiting] };
    } catch (error) {
      const code = errorCode(error);
      if (code === "ENOTDIR") return failed(failure("folder-missing", `${root} is not a folder`));
      if (code !== "ENOENT") return failed(failure("folder-unreadable", `${root}: ${errorMessage(error)}`));
      // A file or link vanished between two looks: either the tree is moving, or a link leads nowhere.
      moved = errorMessage(error);
      if (await isMissing(root)) return failed(failure("folder-missing", `${root} does not exist`));
    }
  }
  return failed(failure("folder-unsettled", `${root} could not be read as a whole: ${moved}`));
}

/** What a source tells of a tree that was read now. */
export function readingOf(root: string, files: readonly KnownFile[], clock: Clock): Reading {
  return {
    kind: "tree",
    files: files.map(({ file }) => file),
    readAtMs: clock.now(),
    origin: { kind: "folder", path: root },
  };
}

async function readFiles(
  found: readonly FoundFile[],
  known: ReadonlyMap<string, KnownFile>,
  options: TreeOptions,
) {
  const files: KnownFile[] = [];
  const problems: Problem[] = [];
  const moving: string[] = [];
  const look = async ({ path, realPath, fingerprint }: FoundFile) => {
    const before = known.get(path);
    if (before?.fingerprint === fingerprint) return { path, before };
    const startedMs = options.clock.now();
    return { path, before, startedMs, read: await readFile(realPath, options.limits.fileBytes) };
  };
  for (const batch of batchesOf(found, filesTogether)) {
    for (const { path, before, startedMs, read } of await Promise.all(batch.map(look))) {
      if (!read) files.push(before);
      else if (read.kind !== "read") {
        moving.push(path);
        if (before) files.push(before);
      } else {
        const taken = takeFile(path, read, before, startedMs, options);
        if ("file" in taken) files.push(taken);
        else problems.push(notUtf8(path, taken));
      }
    }
  }
  return { files, problems, moving };
}

/** A file that was read, the same object as before if its text is the same; or why it is no text. */
export function takeFile(
  path: string,
  { text, size, changedMs, fingerprint, identity }: Extract<FileRead, { kind: "read" }>,
  before: KnownFile | undefined,
  startedMs: number,
  { shownAs }: Pick<TreeOptions, "shownAs">,
): KnownFile | BadByte {
  if (typeof text !== "string") return text;
  const isSettled = startedMs - changedMs > settledAfterMs;
  const file =
    before?.file.text === text ? before.file : { path, text, ...(shownAs && { shownAs: shownAs(path) }) };
  return { file, size, identity, fingerprint: isSettled ? fingerprint : "" };
}

/** The endpoint files that were written between two lists; undefined when anything else has moved, or files came or went. */
function movingEndpoints(
  before: readonly FoundFile[],
  after: readonly FoundFile[],
): readonly string[] | undefined {
  if (before.length !== after.length || before.some(({ path }, index) => path !== after[index]!.path))
    return undefined;
  const moving = before.filter(({ fingerprint }, index) => fingerprint !== after[index]!.fingerprint);
  return moving.every(({ path }) => isEndpointFile(path)) ? moving.map(({ path }) => path) : undefined;
}

async function isMissing(root: string): Promise<boolean> {
  try {
    await realpath(root);
    return false;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}

/** The code of an error of the system: `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
