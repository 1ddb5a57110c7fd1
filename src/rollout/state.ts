import type { Probe, RolloutPolicies } from "../config/rollout-policy.ts";
import type { NodeRefusal } from "../fleet/node-status.ts";
import type { Node } from "../snapshot/node.ts";
import type { Revision, RevisionSource } from "../snapshot/revision.ts";
import type { Serving } from "../snapshot/serving.ts";

/** When something happens: monotonic for deadlines, which a clock that is set does not move; wall for people. */
export interface Moment {
  readonly nowMs: number;
  readonly atMs: number;
}

/** What the source has, and how it is to be rolled out. */
export interface Offer {
  readonly revision: Revision;
  readonly policies: RolloutPolicies;
}

/** A node's refusal of a candidate. */
export interface CandidateRefusal extends Pick<NodeRefusal, "atMs" | "message" | "resources"> {
  readonly node: string;
  readonly typeUrl: string;
}

/** A node as it is seen now. */
export interface ObservedNode {
  readonly node: Node;
  /** What it was last given; the machine may have decided otherwise meanwhile. */
  readonly revisionId?: string;
  /** `lost`: had the candidate, went away, and did not come back or went again. */
  readonly state: "synced" | "pending" | "refused" | "lost";
  /** With `refused`. */
  readonly refusal?: CandidateRefusal;
}

/** Where a group is in its stage. */
export type Phase =
  | { readonly kind: "acking"; readonly deadlineMs: number }
  | { readonly kind: "soaking"; readonly untilMs: number; readonly deadlineMs: number }
  | { readonly kind: "probing" }
  /** Passed; a person has to say that the next stage may begin. */
  | { readonly kind: "waiting" }
  | { readonly kind: "done" };

export interface GroupRun {
  /** Index of the stage. */
  readonly stage: number;
  readonly phase: Phase;
}

/** Something that happened in a rollout, for people. */
export interface RolloutStep {
  readonly atMs: number;
  /** One sentence without a full stop. */
  readonly what: string;
  /** The person who said so: the name of a token, or `local`. */
  readonly by?: string;
}

export type Trigger = "source" | "retry" | "undo";

/** A rollout under way. Its candidate is that of what is served. */
export interface Run {
  /** Counts up from 1 over all rollouts. */
  readonly number: number;
  readonly trigger: Trigger;
  readonly by?: string;
  readonly startedAtMs: number;
  readonly policies: RolloutPolicies;
  /** The groups that the candidate changes, by name. */
  readonly groups: ReadonlyMap<string, GroupRun>;
  /** A gate failed and nothing is to be rolled back, or a person said so. */
  readonly paused?: { readonly by: string; readonly reason: string };
  readonly steps: readonly RolloutStep[];
}

/** `refused`: the source had something that was never rolled out, since it has errors. */
export type RolloutResult = "completed" | "rolled-back" | "aborted" | "superseded" | "refused";

/** A rollout that is over. */
export interface RolloutRecord extends Pick<Run, "trigger" | "by" | "startedAtMs" | "steps"> {
  /** 0 when it was refused. */
  readonly number: number;
  /** Empty when it was refused. */
  readonly revisionId: string;
  readonly source: RevisionSource;
  readonly endedAtMs: number;
  readonly result: RolloutResult;
  /** Why it ended as it did, for people. */
  readonly reason: string;
  readonly refusals: readonly CandidateRefusal[];
}

/** A revision that is not rolled out again by itself. */
export interface Quarantined {
  readonly revisionId: string;
  readonly atMs: number;
  readonly reason: string;
}

/** Everything about what is rolled out. Immutable. */
export interface RolloutState {
  /** Absent before the first revision. */
  readonly serving?: Serving;
  /** Present exactly when `serving` has a candidate. */
  readonly run?: Run;
  /** What the source had last. */
  readonly head?: Offer;
  /** By revision id, oldest first. */
  readonly quarantine: ReadonlyMap<string, Quarantined>;
  /** The number of the last rollout. */
  readonly lastNumber: number;
  /** As last observed. */
  readonly nodes: readonly ObservedNode[];
}

export const noRollout: RolloutState = { quarantine: new Map(), lastNumber: 0, nodes: [] };

export type RolloutEvent =
  /** The source has this revision, valid as far as we can tell. */
  | (Moment & { readonly kind: "offered"; readonly offer: Offer })
  | (Moment & { readonly kind: "observed"; readonly nodes: readonly ObservedNode[] })
  /** A deadline may have come. */
  | (Moment & { readonly kind: "ticked" })
  | (Moment & { readonly kind: "probed"; readonly key: string; readonly failure?: string })
  | (Moment & { readonly kind: "commanded"; readonly by: string; readonly command: RolloutCommand });

export type RolloutCommand =
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** `isFull`: to all nodes, and for good. */
  | { readonly kind: "promote"; readonly isFull: boolean }
  | { readonly kind: "abort" }
  | { readonly kind: "retry" }
  /** To a revision from before, at once. */
  | { readonly kind: "undo"; readonly revision: Revision };

export type RolloutAction =
  | { readonly kind: "serve"; readonly serving: Serving }
  /** `key` comes back with what came of it. */
  | { readonly kind: "probe"; readonly key: string; readonly probe: Probe }
  | { readonly kind: "tell"; readonly news: News }
  | { readonly kind: "record"; readonly record: RolloutRecord };

/** What people are told. */
export interface News {
  readonly event:
    | "started"
    | "passed"
    | "paused"
    | "resumed"
    | "completed"
    | "rolled-back"
    | "aborted"
    | "superseded"
    | "quarantined"
    | "undone";
  readonly revisionId: string;
  readonly message: string;
  readonly group?: string;
  readonly by?: string;
  readonly refusals?: readonly CandidateRefusal[];
}

export interface Outcome {
  readonly state: RolloutState;
  readonly actions: readonly RolloutAction[];
  /** Why a command changed nothing. */
  readonly refusal?: string;
}
