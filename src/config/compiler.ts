import type { Problem } from "../base/problem.ts";
import type { Schema } from "../schema/schema.ts";
import { type CompiledFile, compileFile } from "./compile-file.ts";
import type { Compiled, Group } from "./compiled.ts";
import { chanceryFile, type ConfigFile, isConfigPath } from "./config-file.ts";
import { distinctProblems } from "./distinct-problems.ts";
import { groupFiles } from "./group-files.ts";
import { type CompileLimits, defaultCompileLimits, overLimits } from "./limits.ts";
import { mergeGroup } from "./merge-group.ts";
import { noSettings, readSettings } from "./settings.ts";

interface KnownFile {
  readonly text: string;
  readonly shownAs: string;
  readonly result: CompiledFile;
}

/**
 * Turns configuration trees into resources. It keeps the result of every file of the last tree, so that a change of
 * one file among thousands costs that file; resources of files that did not change are the same objects.
 */
export class Compiler {
  readonly #schema: Schema;
  readonly #limits: CompileLimits;
  #known: ReadonlyMap<string, KnownFile> = new Map();

  constructor(schema: Schema, limits: CompileLimits = defaultCompileLimits) {
    this.#schema = schema;
    this.#limits = limits;
  }

  /** Compiles a whole tree. Files that are no configuration (`isConfigPath`) are left out. Never throws for input. */
  compile(tree: readonly ConfigFile[]): Compiled {
    const files = tree.filter(({ path }) => isConfigPath(path));
    const refusals = overLimits(files, this.#limits);
    if (refusals.length > 0) {
      return { groups: new Map(), problems: refusals, bootstrapClusters: [], ignores: [] };
    }
    const settingsFile = files.find(({ path }) => path === chanceryFile);
    const { settings, problems: settingsProblems } = settingsFile
      ? readSettings(this.#schema, sourceOf(settingsFile))
      : { settings: noSettings, problems: [] };
    const resourceFiles = files.filter((file) => file !== settingsFile);
    const compiled = this.#compileFiles(resourceFiles);
    const grouping = groupFiles(settings, resourceFiles);
    const groups = new Map<string, Group>();
    const merging: (readonly Problem[])[] = [];
    for (const { name, match, paths } of grouping.groups) {
      const { problems, ...merged } = mergeGroup(paths.map((path) => compiled.get(path)!));
      merging.push(problems);
      groups.set(name, { name, match, ...merged });
    }
    return {
      groups,
      problems: distinctProblems([
        ...settingsProblems,
        ...grouping.problems,
        ...settings.checkGroups([...groups.keys()]),
        ...[...compiled.values()].flatMap(({ problems }) => problems),
        ...merging.flat(),
      ]),
      bootstrapClusters: settings.bootstrapClusters,
      ...(settings.authorization && { authorization: settings.authorization }),
      ignores: [...compiled.values()].flatMap(({ ignores }) => ignores),
    };
  }

  /** By path, in the order given. The texts themselves are compared, so no hash can mistake one for another. */
  #compileFiles(files: readonly ConfigFile[]): ReadonlyMap<string, CompiledFile> {
    const next = new Map<string, KnownFile>();
    for (const file of files) {
      const source = sourceOf(file);
      const before = this.#known.get(file.path);
      const isKnown = before?.text === file.text && before.shownAs === source.name;
      next.set(
        file.path,
        isKnown
          ? before
          : { text: file.text, shownAs: source.name, result: compileFile(this.#schema, source) },
      );
    }
    this.#known = next;
    return new Map([...next].map(([path, { result }]) => [path, result]));
  }
}

function sourceOf({ path, text, shownAs = path }: ConfigFile) {
  return { name: shownAs, text };
}
