import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type BadByte, decodeText } from "./decode-text.ts";
import { fingerprintOf, identityOf } from "./scan-tree.ts";

/** What came of reading one file. */
export type FileRead =
  | {
      readonly kind: "read";
      readonly text: string | BadByte;
      readonly size: number;
      readonly changedMs: number;
      readonly fingerprint: string;
      /** Tells the file from another one that takes its place. */
      readonly identity: string;
    }
  /** Larger than it may be: not read. */
  | { readonly kind: "tooLarge" }
  /** A device, pipe or socket. */
  | { readonly kind: "noFile" }
  /** It was written meanwhile, so that what was read may be half of it. */
  | { readonly kind: "moving" };

/**
 * Reads one file, and whether it held still meanwhile. Opened without blocking, for what was a file when it was listed may be
 * a pipe by now; a symlink is not followed. Rejects with what the file system says.
 */
export async function readFile(path: string, mostBytes: number): Promise<FileRead> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const before = await handle.stat();
    if (!before.isFile()) return { kind: "noFile" };
    if (before.size > mostBytes) return { kind: "tooLarge" };
    const bytes = await readBytes(handle, before.size);
    const after = await handle.stat();
    const fingerprint = fingerprintOf(path, after);
    if (bytes.length !== before.size || fingerprint !== fingerprintOf(path, before))
      return { kind: "moving" };
    return {
      kind: "read",
      text: decodeText(bytes),
      size: after.size,
      changedMs: after.ctimeMs,
      fingerprint,
      identity: identityOf(after),
    };
  } finally {
    await handle.close();
  }
}

/** As many bytes as there are, up to `size`. */
async function readBytes(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
