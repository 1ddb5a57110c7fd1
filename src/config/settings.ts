import { hasErrors, type Place, type Problem } from "../base/problem.ts";
import { isNull } from "../schema/from-source/plain.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Schema } from "../schema/schema.ts";
import type { SourceFile } from "../schema/source-node.ts";
import { locate } from "../schema/yaml/locate.ts";
import { parseYaml } from "../schema/yaml/parse-yaml.ts";
import type { AccessPolicy } from "./access-policy.ts";
import type { NodeMatch } from "./node-match.ts";
import { readAuthorization, unknownGroups } from "./read-authorization.ts";
import { placeOfNode } from "./source-tree.ts";

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
  /** Problems of what names groups, once it is known which there are. */
  checkGroups(names: readonly string[]): readonly Problem[];
}

export interface SettingsResult {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
}

export const noSettings: Settings = { groups: [], bootstrapClusters: [], checkGroups: () => [] };

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
  return {
    settings: {
      groups,
      bootstrapClusters: config.bootstrap_clusters ?? [],
      ...(policy && { authorization: policy }),
      checkGroups: (names) => (policy ? unknownGroups(policy, names, document) : []),
    },
    problems: [...problems, ...repeated(groups), ...policyProblems],
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
