/** One text file of a configuration tree, read by a source. Config itself reads no files. */
export interface ConfigFile {
  /** Path inside the tree, `/` between folders: `groups/edge/listeners.yaml`. */
  readonly path: string;
  readonly text: string;
  /** The name that problems show, when it differs from `path`: the path as the user gave it. */
  readonly shownAs?: string;
}

const extensions = [".yaml", ".yml", ".json"];

/**
 * True for files that are part of a configuration tree: `.yaml`, `.yml` and `.json`, outside of dotted files and
 * folders (`.git`, a ConfigMap's `..data`) and not an editor's backup or lock file (`x~`, `#x#`, `.x.swp`).
 */
export function isConfigPath(path: string): boolean {
  const segments = path.split("/");
  const base = segments.at(-1)!;
  if (segments.some((segment) => segment.startsWith("."))) return false;
  if (base.endsWith("~") || (base.startsWith("#") && base.endsWith("#"))) return false;
  return extensions.some((extension) => base.endsWith(extension));
}

/** The file at the root that names groups; it holds no resources. */
export const chanceryFile = "chancery.yaml";

/** The group whose folder a path lies in: `edge` for `groups/edge/tls/a.yaml`, undefined for shared files. */
export function groupOfPath(path: string): string | undefined {
  const [first, group, rest] = path.split("/", 3);
  return first === "groups" && group && rest !== undefined ? group : undefined;
}
