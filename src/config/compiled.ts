import type { Place, Problem } from "../base/problem.ts";
import type { AccessPolicy } from "./access-policy.ts";
import type { Ignore } from "./ignores.ts";
import type { LintExemption } from "./lint-exemptions.ts";
import type { NodeMatch } from "./node-match.ts";
import type { Resource } from "./resource.ts";
import type { RolloutPolicies } from "./rollout-policy.ts";

/** A set of resources and the nodes that it is for. */
export interface Group {
  readonly name: string;
  readonly match: NodeMatch;
  /** In the order of files and of the text; no type has a name twice. */
  readonly resources: readonly Resource[];
  /** Keys (`resourceKey`) of resources that are there by name, but have errors: naming them is no mistake. */
  readonly broken: ReadonlySet<string>;
  /** False when an error leaves open what else the group would have. */
  readonly isComplete: boolean;
}

/** What a configuration tree means. */
export interface Compiled {
  /**
   * By name. A node belongs to the first group whose match it fulfils: those of chancery.yaml in its order, then
   * the folders of `groups/` by name.
   */
  readonly groups: ReadonlyMap<string, Group>;
  /** All problems of all files, in the order of files and lines. With an error among them, serve nothing of this. */
  readonly problems: readonly Problem[];
  /** Globs of clusters that the nodes have from their own bootstrap, so that naming them is not a mistake. */
  readonly bootstrapClusters: readonly string[];
  /** Who may have what; absent when every client that connects is who it says it is. */
  readonly authorization?: AccessPolicy;
  /** Comments that silence lints. */
  readonly ignores: readonly Ignore[];
  /** How groups come to a new revision. */
  readonly rollout: RolloutPolicies;
  /** Where `rollout` has programs run. */
  readonly probeCommands: readonly Place[];
  /** Lints that chancery.yaml silences. */
  readonly lintExemptions: readonly LintExemption[];
}
