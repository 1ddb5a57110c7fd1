import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorMessage } from "../../base/error-message.ts";
import { chanceryFile } from "../../config/config-file.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import type { LaidOutFile } from "./lay-out.ts";

export interface WriteTarget {
  readonly folder: string;
  /** The folder that must be empty: `folder` itself, or that of a group in it. */
  readonly own: string;
  /** Write into it although it has files. */
  readonly force: boolean;
}

/**
 * Writes the files aside, and then moves them in: a folder that is new or empty appears as a whole; into one that has
 * files each moves by itself, and what else is there stays, a chancery.yaml above all. Resolves to the paths of files
 * that were kept. Rejects with `CommandError` where the own folder has files, unless forced, and changes nothing then.
 */
export async function writeFolder(
  { folder, own, force }: WriteTarget,
  files: readonly LaidOutFile[],
): Promise<readonly string[]> {
  if (!force && (await readdir(own).catch(noFolder)).some((name) => !name.startsWith("."))) {
    const hint = "--force writes into it: files of the same name are replaced, others stay";
    throw new CommandError(exitCode.failure, `${own} is not empty`, hint);
  }
  const there = await readdir(folder).catch(noFolder);
  const kept: readonly string[] = there.filter((name) => name === chanceryFile);
  try {
    await mkdir(dirname(folder), { recursive: true });
    const aside = await mkdtemp(join(dirname(folder), ".chancery-import-"));
    try {
      for (const { path, text } of files) await putFile(join(aside, path), text);
      if (there.length === 0) await replaceFolder(aside, folder);
      else
        await moveFiles(
          aside,
          folder,
          files.filter(({ path }) => !kept.includes(path)),
        );
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  } catch (cause) {
    const reason = errorMessage(cause);
    throw new CommandError(exitCode.failure, `cannot write ${folder}: ${reason}`, undefined, { cause });
  }
  return files.flatMap(({ path }) => (kept.includes(path) ? [path] : []));
}

async function putFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Listeners and clusters may have keys inside: only the owner reads them.
  await writeFile(path, text, { mode: 0o600 });
}

async function replaceFolder(aside: string, folder: string): Promise<void> {
  await rmdir(folder).catch(noFolder);
  await rename(aside, folder);
}

async function moveFiles(aside: string, folder: string, files: readonly LaidOutFile[]): Promise<void> {
  for (const { path } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await rename(join(aside, path), join(folder, path));
  }
}

/** A folder that is not there yet is an empty one. */
function noFolder(cause: NodeJS.ErrnoException): string[] {
  if (cause.code === "ENOENT") return [];
  throw new CommandError(exitCode.failure, cause.message, undefined, { cause });
}
