import { gitFailure, gitWords } from "./git-failure.ts";
import type { GitReader } from "./repository.ts";

/** So many objects are read by one git; their sizes have been checked before. */
const atOnce = 500;
/** Above what the limits of a source let through for all files together. */
const answerMaxBytes = 1024 * 1024 * 1024;

/** Contents of blobs by object id. Throws `GitFailure` when one is missing. */
export async function readBlobs(
  repository: GitReader,
  oids: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Map<string, Buffer>> {
  const all = [...oids];
  const blobs = new Map<string, Buffer>();
  for (let start = 0; start < all.length; start += atOnce) {
    const some = all.slice(start, start + atOnce);
    const input = [...some, ""].join("\n");
    const result = await repository.git(["cat-file", "--batch"], {
      signal,
      input,
      stdoutMaxBytes: answerMaxBytes,
    });
    if (result.code !== 0) throw gitFailure("git-store", `files cannot be read: ${gitWords(result.stderr)}`);
    for (const [oid, bytes] of parseBatch(result.stdout)) blobs.set(oid, bytes);
  }
  const missing = all.find((oid) => !blobs.has(oid));
  if (missing !== undefined) throw gitFailure("git-store", `object ${missing} of the commit is missing`);
  return blobs;
}

/** The objects that `git cat-file --batch` printed: a line `OID TYPE SIZE`, the bytes, a line break. */
function* parseBatch(output: Buffer): Iterable<readonly [oid: string, bytes: Buffer]> {
  let offset = 0;
  while (offset < output.length) {
    const end = output.indexOf("\n", offset);
    if (end < 0) return;
    const [oid = "", type, size] = output.toString("ascii", offset, end).split(" ");
    offset = end + 1;
    if (type === "missing" || size === undefined) continue;
    const length = Number(size);
    if (type === "blob") yield [oid, output.subarray(offset, offset + length)];
    offset += length + 1;
  }
}
