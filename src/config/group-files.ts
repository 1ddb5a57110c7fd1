import type { Problem } from "../base/problem.ts";
import { type ConfigFile, groupOfPath } from "./config-file.ts";
import { matchesPathGlob } from "./glob.ts";
import type { NodeMatch } from "./node-match.ts";
import type { Settings } from "./settings.ts";

/** A group and the files that make it up. */
export interface GroupFiles {
  readonly name: string;
  readonly match: NodeMatch;
  readonly paths: readonly string[];
}

export interface GroupFilesResult {
  readonly groups: readonly GroupFiles[];
  readonly problems: readonly Problem[];
}

/**
 * Which files belong to which group: those that chancery.yaml names, in its order, then each folder of `groups/`.
 * What lies outside of `groups/` is shared by all groups but those with an `include`. A tree with neither has one
 * group, `default`, for every node. Files that no group takes get a warning.
 */
export function groupFiles(settings: Settings, files: readonly ConfigFile[]): GroupFilesResult {
  const paths = files.map(({ path }) => path);
  const folderOf = new Map(paths.map((path) => [path, groupOfPath(path)]));
  const shared = paths.filter((path) => folderOf.get(path) === undefined);
  const named = settings.groups.map(({ name, match, include }) => ({
    name,
    match,
    paths: include
      ? paths.filter((path) => include.some((glob) => matchesPathGlob(glob, path)))
      : paths.filter((path) => (folderOf.get(path) ?? name) === name),
  }));
  const names = new Set(named.map(({ name }) => name));
  const folders = [...new Set(paths.flatMap((path) => folderOf.get(path) ?? []))]
    .filter((name) => !names.has(name))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => ({
      name,
      match: { cluster: name },
      paths: paths.filter((path) => (folderOf.get(path) ?? name) === name),
    }));
  const groups = [...named, ...folders];
  if (groups.length === 0) {
    return { groups: [{ name: "default", match: {}, paths: shared }], problems: [] };
  }
  const taken = new Set(groups.flatMap((group) => group.paths));
  return { groups, problems: [...emptyGroups(settings, named), ...unused(files, taken)] };
}

function emptyGroups(settings: Settings, named: readonly GroupFiles[]): Problem[] {
  return named.flatMap(({ name, paths }, index) => {
    if (paths.length > 0) return [];
    const { place, include } = settings.groups[index]!;
    const where = include ? `no file matches ${include.join(", ")}` : `groups/${name}/ has no files`;
    return [
      {
        code: "empty-group",
        severity: "warning",
        message: `group ${JSON.stringify(name)} has no resources: ${where}`,
        place,
      } satisfies Problem,
    ];
  });
}

function unused(files: readonly ConfigFile[], taken: ReadonlySet<string>): Problem[] {
  return files
    .filter(({ path }) => !taken.has(path))
    .map(({ path, shownAs = path }) => ({
      code: "file-not-included",
      severity: "warning",
      message: "no group includes this file, so nothing of it is served",
      place: { file: shownAs, line: 1, column: 1 },
    }));
}
