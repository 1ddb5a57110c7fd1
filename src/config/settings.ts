import { hasErrors, type Place, type Problem } from "../base/problem.ts";
import { isNull } from "../schema/from-source/plain.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Schema } from "../schema/schema.ts";
import type { SourceFile, SourceNode } from "../schema/source-node.ts";
import { locate } from "../schema/yaml/locate.ts";
import { parseYaml } from "../schema/yaml/parse-yaml.ts";
import type { AccessPolicy } from "./access-policy.ts";
import type { NodeMatch } from "./node-match.ts";
import { type LintExemption, readLintExemptions } from "./lint-exemptions.ts";
import type { Overlay } from "./overlays/overlay.ts";
import { readOverlays } from "./overlays/read-overlays.ts";
import { readAuthorization } from "./read-authorization.ts";
import { readRollout } from "./read-rollout.ts";
import { policiesByDefault, type RolloutPolicies } from "./rollout-policy.ts";
import { entryOf, placeOfNode, textOf } from "./source-tree.ts";
import { unknownGroups } from "./unknown-groups.ts";
import { mergeValues, type Values } from "./values/values.ts";

/** A group that chancery.yaml names. */
export interface GroupSettings {
  readonly name: string;
  readonly match: NodeMatch;
  /** Undefined: the folder of that name and what is shared. */
  readonly include?: readonly string[];
  readonly place: Place;
}

/** What chancery.yaml says (`chancery.v1.Config`). */
export interface Settings {
  readonly groups: readonly GroupSettings[];
  readonly bootstrapClusters: readonly string[];
  /** Undefined: every client that connects is who it says it is. */
  readonly authorization?: AccessPolicy;
  readonly overlays: readonly Overlay[];
  readonly lintExemptions: readonly LintExemption[];
  readonly rollout: RolloutPolicies;
  /** Where `rollout` has programs run. */
  readonly probeCommands: readonly Place[];
  /** What a text of this group may refer to; undefined when there are no values anywhere. */
  valuesOf(group: string): Values | undefined;
  /** Problems of what names groups, once it is known which there are. */
  checkGroups(names: readonly string[]): readonly Problem[];
}

export interface SettingsResult {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
}

export const noSettings: Settings = {
  groups: [],
  bootstrapClusters: [],
  overlays: [],
  lintExemptions: [],
  rollout: policiesByDefault,
  probeCommands: [],
  valuesOf: () => undefined,
  checkGroups: () => [],
};

/** Reads chancery.yaml. With errors in it the settings are empty. */
export function readSettings(schema: Schema, file: SourceFile): SettingsResult {
  const parsed = parseYaml(file);
  const [document, second] = parsed.documents;
  const problems = [...parsed.problems];
  if (second) {
    problems.push({
      code: "wrong-shape",
      severity: "error",
      message: "chancery.yaml is one document; found a second one",
      place: placeOfNode(second),
    });
  }
  if (!document || isNull(document) || hasErrors(problems)) return { settings: noSettings, problems };
  const result = schema.fromSource("chancery.v1.Config", document);
  problems.push(...result.problems);
  if (!result.message || hasErrors(problems)) return { settings: noSettings, problems };
  const config: MessageTypes["chancery.v1.Config"] = result.message;
  const groups = (config.groups ?? []).map((group, index) => ({
    name: group.name ?? "",
    match: group.match ?? { cluster: group.name ?? "" },
    ...(group.include ? { include: group.include } : {}),
    place: placeOfNode(locate(document, `groups[${index}].name`)),
  }));
  const { policy, problems: policyProblems } = readAuthorization(config, document, schema.descriptors);
  const { overlays, problems: overlayProblems } = readOverlays(config, document, schema.descriptors);
  const { exemptions, problems: lintProblems } = readLintExemptions(config, document, schema.descriptors);
  const { policies, commands, problems: rolloutProblems } = readRollout(config, document);
  return {
    settings: {
      groups,
      bootstrapClusters: config.bootstrap_clusters ?? [],
      ...(policy && { authorization: policy }),
      overlays,
      lintExemptions: exemptions,
      rollout: policies,
      probeCommands: commands,
      valuesOf: readValues(document),
      checkGroups: (names) =>
        listsOfGroups(config).flatMap(([path, listed]) => unknownGroups(listed, path, names, document)),
    },
    problems: [
      ...problems,
      ...repeated(groups),
      ...policyProblems,
      ...overlayProblems,
      ...lintProblems,
      ...rolloutProblems,
    ],
  };
}

/** Every list of names of groups, by its path. */
function listsOfGroups({
  authorization,
  overlays = [],
  lints,
}: MessageTypes["chancery.v1.Config"]): (readonly [string, readonly string[]])[] {
  const holders: readonly (readonly [string, readonly { readonly groups?: readonly string[] }[]])[] = [
    ["authorization.rules", authorization?.rules ?? []],
    ["overlays", overlays],
    ["lints.ignore", lints?.ignore ?? []],
  ];
  return holders.flatMap(([path, items]) =>
    items.map(({ groups = [] }, index) => [`${path}[${index}].groups`, groups] as const),
  );
}

/** The values of each group, put together when first asked for. Taken from the tree: a number stays as it is written. */
function readValues(document: SourceNode): Settings["valuesOf"] {
  if (document.kind !== "mapping") return () => undefined;
  const shared = entryOf(document, "values")?.value;
  const groups = entryOf(document, "groups")?.value;
  const own = new Map<string, SourceNode>();
  for (const group of groups?.kind === "sequence" ? groups.items : []) {
    if (group.kind !== "mapping") continue;
    const values = entryOf(group, "values")?.value;
    if (values) own.set(textOf(group, "name") ?? "", values);
  }
  if (!shared && own.size === 0) return () => undefined;
  const merged = new Map<string, Values>();
  return (group) => {
    let values = merged.get(group);
    if (!values) {
      const layer = own.get(group);
      values = mergeValues([...(shared ? [shared] : []), ...(layer ? [layer] : [])]);
      merged.set(group, values);
    }
    return values;
  };
}

function repeated(groups: readonly GroupSettings[]): Problem[] {
  return groups.flatMap((group, index) => {
    const first = groups.findIndex(({ name }) => name === group.name);
    if (first === index) return [];
    const problem: Problem = {
      code: "duplicate-group",
      severity: "error",
      message: `group ${JSON.stringify(group.name)} is named twice`,
      place: group.place,
      path: `groups[${index}].name`,
      related: [{ place: groups[first]!.place, message: "first here" }],
    };
    return [problem];
  });
}
