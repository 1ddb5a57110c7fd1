import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { SourceIdentity } from "../../sources/source.ts";

/**
 * The sub-folder of the state folder that belongs to this source alone, so that what one left behind is never served for
 * another: `quickstart-3f2a…`, a name that people recognise and a hash that no other source has.
 */
export function stateFolderOf({ kind, place }: SourceIdentity): string {
  const hash = createHash("sha256").update(`${kind} ${place}`).digest("hex").slice(0, 12);
  const name = basename(place)
    .replaceAll(/[^\w.-]/g, "_")
    .replace(/^\.+/, "");
  return `${name || kind}-${hash}`;
}
