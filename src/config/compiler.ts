import type { Problem } from "../base/problem.ts";
import type { Schema } from "../schema/schema.ts";
import { type CompiledFile, compileFile } from "./compile-file.ts";
import type { Compiled, Group } from "./compiled.ts";
import { chanceryFile, type ConfigFile, isConfigPath } from "./config-file.ts";
import { distinctProblems } from "./distinct-problems.ts";
import { groupFiles, type GroupFilesResult } from "./group-files.ts";
import { type CompileLimits, defaultCompileLimits, overLimits } from "./limits.ts";
import { mergeGroup } from "./merge-group.ts";
import { Overlays } from "./overlays/apply-overlays.ts";
import { noSettings, readSettings, type Settings, type SettingsResult } from "./settings.ts";
import { mayRefer } from "./values/substitute.ts";
import type { Values } from "./values/values.ts";

interface KnownFile {
  readonly text: string;
  readonly shownAs: string;
  readonly result: CompiledFile;
}

/** chancery.yaml as it was read last, with what its overlays have made since. */
interface KnownSettings extends SettingsResult {
  readonly text: string | undefined;
  readonly shownAs: string | undefined;
  readonly overlays: Overlays;
}

/**
 * Turns configuration trees into resources. It keeps the result of every file of the last tree, so that a change of
 * one file among thousands costs that file; resources of files that did not change are the same objects.
 */
export class Compiler {
  readonly #schema: Schema;
  readonly #limits: CompileLimits;
  #settings: KnownSettings | undefined;
  /** By path and the values that the text was read with. */
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
      return {
        groups: new Map(),
        problems: refusals,
        bootstrapClusters: [],
        ignores: [],
        lintExemptions: [],
        rollout: noSettings.rollout,
        probeCommands: [],
      };
    }
    const settingsFile = files.find(({ path }) => path === chanceryFile);
    const { settings, problems: settingsProblems, overlays } = this.#readSettings(settingsFile);
    const resourceFiles = files.filter((file) => file !== settingsFile);
    const grouping = groupFiles(settings, resourceFiles);
    const compiled = this.#compileFiles(settings, grouping, resourceFiles);
    const groups = new Map<string, Group>();
    const merging: (readonly Problem[])[] = [];
    for (const { name, match, paths } of grouping.groups) {
      const { problems, ...merged } = mergeGroup(paths.map((path) => compiled.of(path, name)));
      const overlaid = merged.resources.map((resource) => overlays.apply(name, resource));
      merging.push(problems, ...overlaid.map((each) => each.problems));
      groups.set(name, { name, match, ...merged, resources: overlaid.map(({ resource }) => resource) });
    }
    return {
      groups,
      problems: distinctProblems([
        ...settingsProblems,
        ...grouping.problems,
        ...settings.checkGroups([...groups.keys()]),
        ...compiled.all.flatMap(({ problems }) => problems),
        ...merging.flat(),
        ...overlays.unused(groups.values()),
      ]),
      bootstrapClusters: settings.bootstrapClusters,
      ...(settings.authorization && { authorization: settings.authorization }),
      ignores: [...new Map(compiled.all.map((file) => [file.path, file.ignores])).values()].flat(),
      lintExemptions: settings.lintExemptions,
      rollout: settings.rollout,
      probeCommands: settings.probeCommands,
    };
  }

  #readSettings(file: ConfigFile | undefined): KnownSettings {
    const known = this.#settings;
    if (known && known.text === file?.text && known.shownAs === file?.shownAs) return known;
    const result = file ? readSettings(this.#schema, sourceOf(file)) : { settings: noSettings, problems: [] };
    const overlays = new Overlays(this.#schema, result.settings.overlays);
    this.#settings = { ...result, overlays, text: file?.text, shownAs: file?.shownAs };
    return this.#settings;
  }

  /**
   * In the order of files; one that refers to values, once for each group that has other values. The texts themselves are
   * compared with those of the last tree, so no hash can mistake one for another.
   */
  #compileFiles(settings: Settings, { groups }: GroupFilesResult, files: readonly ConfigFile[]) {
    const groupsOf = new Map<string, string[]>();
    for (const { name, paths } of groups) {
      for (const path of paths) groupsOf.set(path, [...(groupsOf.get(path) ?? []), name]);
    }
    const next = new Map<string, KnownFile>();
    const all: (CompiledFile & { readonly path: string })[] = [];
    const keyOf = new Map<string, string>();
    for (const file of files) {
      // A file that no group includes is looked at all the same, with what is shared.
      for (const group of groupsOf.get(file.path) ?? [""]) {
        const values = mayRefer(file.text) ? settings.valuesOf(group) : undefined;
        const key = `${file.path}\0${values?.key ?? ""}`;
        keyOf.set(`${file.path}\0${group}`, key);
        if (next.has(key)) continue;
        const known = this.#compileFile(key, file, values);
        next.set(key, known);
        all.push({ ...known.result, path: file.path });
      }
    }
    this.#known = next;
    return { all, of: (path: string, group: string) => next.get(keyOf.get(`${path}\0${group}`)!)!.result };
  }

  #compileFile(key: string, file: ConfigFile, values: Values | undefined): KnownFile {
    const source = sourceOf(file);
    const before = this.#known.get(key);
    if (before?.text === file.text && before.shownAs === source.name) return before;
    return { text: file.text, shownAs: source.name, result: compileFile(this.#schema, source, values) };
  }
}

function sourceOf({ path, text, shownAs = path }: ConfigFile) {
  return { name: shownAs, text };
}
