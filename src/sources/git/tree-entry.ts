/** An entry of a git tree. */
export interface TreeEntry {
  readonly kind: "file" | "symlink" | "submodule";
  /** Inside the folder that is served, `/` between folders. */
  readonly path: string;
  readonly oid: string;
}

const kinds: Readonly<Record<string, TreeEntry["kind"]>> = {
  "100644": "file",
  "100755": "file",
  "100664": "file",
  "120000": "symlink",
  "160000": "submodule",
};

/** The entries that `git ls-tree -r -z` printed; names that are not UTF-8 are read as git prints them, with U+FFFD. */
export function parseTree(listing: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const line of listing.toString("utf8").split("\0")) {
    const [, mode, oid, path] = /^(\d+) \w+ ([0-9a-f]+)\t([\s\S]+)$/.exec(line) ?? [];
    const kind = kinds[mode ?? ""];
    if (kind && oid !== undefined && path !== undefined) entries.push({ kind, path, oid });
  }
  return entries;
}
