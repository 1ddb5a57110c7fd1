import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** The few things that the state directory asks of a file system. Paths are whole paths. */
export interface StateFiles {
  /** Makes the folder and those above it, for this user only, and returns when they are on the disk. */
  makeFolder(path: string): Promise<void>;
  /** The file's bytes, or undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Writes a new file and returns when its bytes are on the disk. */
  writeDurably(path: string, bytes: Buffer): Promise<void>;
  /** Puts the file in the place of `to`, at once and whole. */
  rename(from: string, to: string): Promise<void>;
  /** Returns when renames and removals in the folder are on the disk. */
  syncFolder(path: string): Promise<void>;
  /** The names in the folder; none when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Removes a file; it may be gone already. */
  remove(path: string): Promise<void>;
}

/** The file system of this machine. Files are readable by this user alone: secrets are among the resources. */
export const diskFiles: StateFiles = {
  makeFolder: makeFolderPath,
  read: (path) => readFile(path).catch(absentAs(undefined)),
  writeDurably: async (path, bytes) => {
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  syncFolder,
  list: (path) => readdir(path).catch(absentAs([])),
  remove: (path) => rm(path, { force: true }),
};

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Not `recursive: true`: Node 20 loops for ever where a file system refuses a folder with ENOENT, as /proc does. */
async function makeFolderPath(path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await mkdir(path, { mode: 0o700 });
    // What is synced in it is lost with it.
    await syncFolder(parent);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || parent === path) throw error;
    await makeFolderPath(parent);
    await mkdir(path, { mode: 0o700 }).catch(ignoring("EEXIST"));
    await syncFolder(parent);
  }
}

function ignoring(code: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== code) throw error;
  };
}

function absentAs<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === "ENOENT") return value;
    throw error;
  };
}
