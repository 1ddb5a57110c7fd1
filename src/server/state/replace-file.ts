import { join } from "node:path";
import type { StateFiles } from "./state-files.ts";

/**
 * Puts a file into its place whole, and returns when it is on the disk: it is written aside, synced, renamed, and its folder synced.
 * `token` tells the temporary files of processes that share the folder apart. Rejects when the disk refuses; what was there stays.
 */
export async function replaceFile(
  files: StateFiles,
  path: { readonly folder: string; readonly name: string; readonly token: string },
  bytes: Buffer,
): Promise<void> {
  const { folder, name, token } = path;
  const aside = join(folder, `.${name}.${token}`);
  try {
    await files.writeDurably(aside, bytes);
    await files.rename(aside, join(folder, name));
  } catch (error) {
    // Half a file would take of a full disk what others need; a disk that keeps it gives the first error as the reason.
    await files.remove(aside).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(folder);
}
