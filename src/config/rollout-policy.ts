import type { NodeMatch } from "./node-match.ts";

/** What is asked, once the nodes of a stage have kept their revision for a while, of something that sees the traffic. */
export type Probe =
  /** A GET; any 2xx status is a pass. */
  | { readonly kind: "http"; readonly url: string; readonly timeoutMs: number; readonly attempts: number }
  /** Run without a shell by the control plane; status 0 is a pass. */
  | {
      readonly kind: "command";
      readonly argv: readonly string[];
      readonly timeoutMs: number;
      readonly attempts: number;
    };

/** What has to hold of the nodes that have a revision before more nodes get it. */
export interface Gates {
  /** The share of them that has to have accepted all of it when `ackedWithinMs` is over; before, all of them pass. */
  readonly ackedPercent: number;
  readonly ackedWithinMs: number;
  /** How long all that is said here has to hold, once they have accepted it. */
  readonly soakMs: number;
  /** Nodes that may refuse it. */
  readonly maxRefusals: number;
  /** Nodes that may go away and stay away; absent: any number. */
  readonly maxLost?: number;
  /** Nodes that have to be there to be asked at all. */
  readonly minNodes: number;
  readonly probe?: Probe;
}

/** The nodes of a group that get a revision next. */
export interface Stage {
  /** Stages add up: nobody loses what an earlier stage gave. */
  readonly reach:
    | { readonly kind: "percent"; readonly percent: number }
    | { readonly kind: "match"; readonly match: NodeMatch };
  readonly gates: Gates;
  /** True when a person has to say that the next stage may begin. */
  readonly waitsForPromote: boolean;
}

/** How a group comes to a new revision. */
export interface RolloutPolicy {
  /** At least one; the last one is 100 percent. */
  readonly stages: readonly Stage[];
  /** False: a gate that fails stops the rollout where it is, and leaves the rest to people. */
  readonly rollsBack: boolean;
}

/** The policies of a tree (`chancery.v1.Config.rollout`). Plain data. */
export interface RolloutPolicies {
  /** For groups that have none of their own. */
  readonly others: RolloutPolicy;
  /** By name of the group. */
  readonly groups: Readonly<Record<string, RolloutPolicy>>;
}

/** What holds for a group that says how it is rolled out, where it does not say otherwise. */
export const gatesByDefault: Gates = {
  ackedPercent: 100,
  ackedWithinMs: 60_000,
  soakMs: 10_000,
  maxRefusals: 0,
  maxLost: 0,
  minNodes: 0,
};

/**
 * Without `rollout` in chancery.yaml: all nodes at once. Silence does not hold anything up, but a refusal takes the
 * revision back from all.
 */
export const policyByDefault: RolloutPolicy = {
  stages: [
    {
      reach: { kind: "percent", percent: 100 },
      gates: { ackedPercent: 0, ackedWithinMs: 30_000, soakMs: 1_000, maxRefusals: 0, minNodes: 0 },
      waitsForPromote: false,
    },
  ],
  rollsBack: true,
};

export const policiesByDefault: RolloutPolicies = { others: policyByDefault, groups: {} };

/** The policy of a group. */
export function policyOf(policies: RolloutPolicies, group: string): RolloutPolicy {
  return Object.hasOwn(policies.groups, group) ? policies.groups[group]! : policies.others;
}
