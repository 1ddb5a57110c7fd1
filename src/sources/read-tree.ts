import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { errorMessage } from "../base/error-message.ts";
import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { contentHash } from "../config/content-hash.ts";
import { failure, refusal } from "./problems.ts";
import { isEndpointFile } from "./endpoint-files.ts";
import type { Reading, SourceLimits } from "./reading.ts";
import { scanTree, type FoundFile } from "./scan-tree.ts";

/** Files as they were read, by path: lets the next reading skip those that have not changed since. */
export type KnownFiles = ReadonlyMap<string, { readonly fingerprint: string; readonly file: ConfigFile }>;

export interface TreeReading {
  readonly reading: Reading;
  readonly known: KnownFiles;
  /** Endpoint files were written meanwhile and stand as they were before: the folder has to be looked at again. */
  readonly isMoving: boolean;
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
  known: KnownFiles,
  options: { readonly limits: SourceLimits; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<TreeReading> {
  const { limits, clock, signal } = options;
  const failed = (...problems: readonly Problem[]): TreeReading => ({
    reading: { kind: "failed", problems, readAtMs: clock.now() },
    known,
    isMoving: false,
  });
  let moved = "it keeps changing while it is read";
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
    if (attempt > 0) await pause(clock, betweenAttemptsMs, signal);
    try {
      const before = await scanTree(root, limits);
      if (before.problems.length > 0) return failed(...before.problems);
      const read = await readFiles(before.files, known, clock);
      const after = await scanTree(root, limits);
      const moving = movingEndpoints(before.files, after.files);
      if (!moving?.every((path) => known.has(path))) continue;
      // Endpoints that are written on and on must not keep the rest from being read. What is being written may be half of
      // it, so the file stays as it was; a reading after this one has it.
      for (const path of moving) read.known.set(path, known.get(path)!);
      if (read.problems.length > 0) return failed(...read.problems);
      const files = [...read.known.values()].map(({ file }) => file);
      const hash = contentHash(...files.flatMap(({ path, text }) => [path, "\0", text, "\0"]));
      return {
        reading: {
          kind: "tree",
          files,
          contentHash: hash,
          readAtMs: clock.now(),
          origin: { kind: "folder", path: root },
        },
        known: read.known,
        isMoving: moving.length > 0,
      };
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

async function readFiles(found: readonly FoundFile[], known: KnownFiles, clock: Clock) {
  const read = new Map<string, { fingerprint: string; file: ConfigFile }>();
  const problems: Problem[] = [];
  for (const { path, realPath, fingerprint, changedMs } of found) {
    const before = known.get(path);
    if (before?.fingerprint === fingerprint) {
      read.set(path, before);
      continue;
    }
    const startedMs = clock.now();
    const text = decode(await readBytes(realPath));
    if (text === undefined) {
      problems.push(refusal("file-not-utf8", path, "file is not valid UTF-8"));
      continue;
    }
    const isSettled = startedMs - changedMs > settledAfterMs;
    const file = before?.file.text === text ? before.file : { path, text };
    read.set(path, { fingerprint: isSettled ? fingerprint : "", file });
  }
  return { known: read, problems };
}

/** Opened without blocking, for what was a file when it was listed may be a pipe by now. */
async function readBytes(path: string): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The decoder's only error is the one that the caller reports with the file's name.
    return undefined;
  }
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

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
