import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { Revision } from "../../snapshot/revision.ts";
import type { SourceIdentity } from "../../sources/source.ts";
import { ContentStore } from "./content-store.ts";
import { decodeRevision, encodeRevision } from "./revision-file.ts";
import type { StateFiles } from "./state-files.ts";

export type StoredRevision =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly revision: Revision }
  /** There is one, and it is damaged, unreadable or of another version of this program. Never served. */
  | { readonly kind: "unusable"; readonly reason: string };

/** Keeps the last good revision of one source across restarts. */
export interface RevisionStore {
  /** Rejects when the disk refuses; what was stored before then stays. */
  put(revision: Revision): Promise<void>;
  get(): Promise<StoredRevision>;
}

/**
 * A store in a sub-folder of `stateFolder` that belongs to this source alone: what one folder of configuration left
 * behind is never served for another.
 */
export function openRevisionStore(
  stateFolder: string,
  source: SourceIdentity,
  files: StateFiles,
  token: string,
): RevisionStore {
  const contents = new ContentStore(join(stateFolder, stateFolderOf(source)), files, token);
  return {
    put: async (revision) => {
      await contents.put(encodeRevision(revision));
    },
    get: async () => {
      try {
        const stored = await contents.get();
        if (stored.kind === "none") return stored;
        if (stored.kind === "corrupt") return { kind: "unusable", reason: stored.reason };
        return { kind: "found", revision: decodeRevision(stored.content) };
      } catch (error) {
        return { kind: "unusable", reason: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** `quickstart-3f2a…`, below the state folder: a name that people recognise and a hash that no other source has. */
export function stateFolderOf({ kind, place }: SourceIdentity): string {
  const hash = createHash("sha256").update(`${kind} ${place}`).digest("hex").slice(0, 12);
  const name = basename(place)
    .replaceAll(/[^\w.-]/g, "_")
    .replace(/^\.+/, "");
  return `${name || kind}-${hash}`;
}
