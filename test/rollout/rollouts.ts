import {
  type Gates,
  gatesByDefault,
  type RolloutPolicies,
  type Stage,
} from "../../src/config/rollout-policy.ts";
import type {
  ObservedNode,
  Offer,
  Outcome,
  RolloutAction,
  RolloutEvent,
  RolloutState,
} from "../../src/rollout/state.ts";
import { noRollout } from "../../src/rollout/state.ts";
import { stepRollout } from "../../src/rollout/step.ts";
import type { Node } from "../../src/snapshot/node.ts";
import { makeResource } from "../../src/snapshot/resource.ts";
import { makeRevision, type Revision } from "../../src/snapshot/revision.ts";
import { revisionFor } from "../../src/snapshot/serving.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";

/** A revision of the group `edge`, for all nodes, with one resource of this content. */
export function revisionOf(content: string): Revision {
  const resource = makeResource({ typeUrl: "type.test/T", name: "r", bytes: Buffer.from(content) });
  return makeRevision({
    groups: [{ name: "edge", match: {}, snapshot: Snapshot.of([resource]) }],
    source: { kind: "program" },
    createdAtMs: 0,
  });
}

export function percent(of: number, more: Partial<Gates> = {}): Stage {
  return {
    reach: { kind: "percent", percent: of },
    gates: { ...gatesByDefault, ...more },
    waitsForPromote: false,
  };
}

export function policies(stages: readonly Stage[], rollsBack = true): RolloutPolicies {
  return { others: { stages, rollsBack }, groups: {} };
}

export function nodeOf(id: string): Node {
  const locality = { region: "", zone: "", sub_zone: "" };
  return { id, cluster: "", locality, userAgentName: "", userAgentVersion: "", clientFeatures: [] };
}

/** What a node of the test does with what it is given. */
export type Answer = "accepts" | "refuses" | "silent" | "leaves";

/** The machine with a fleet of nodes that answer as they are told to. */
export class Rollouts {
  state: RolloutState = noRollout;
  readonly actions: RolloutAction[] = [];
  readonly #answers: Map<string, Answer>;
  readonly #wallClock: (nowMs: number) => number;
  nowMs = 0;

  constructor(
    answers: Readonly<Record<string, Answer>> = {},
    wallClock = (nowMs: number) => 1_000_000 + nowMs,
  ) {
    this.#answers = new Map(Object.entries(answers));
    this.#wallClock = wallClock;
  }

  step(event: WithoutTime<RolloutEvent>): Outcome {
    const outcome = stepRollout(this.state, {
      ...event,
      nowMs: this.nowMs,
      atMs: this.#wallClock(this.nowMs),
    });
    this.state = outcome.state;
    this.actions.push(...outcome.actions);
    return outcome;
  }

  offer(offer: Offer): Outcome {
    this.observe();
    const outcome = this.step({ kind: "offered", offer });
    this.observe();
    return outcome;
  }

  answer(id: string, answer: Answer): void {
    this.#answers.set(id, answer);
  }

  /** Lets the nodes answer what they are served now, and the machine see it. */
  observe(): Outcome {
    return this.step({ kind: "observed", nodes: this.nodes() });
  }

  pass(ms: number): Outcome {
    this.nowMs += ms;
    this.step({ kind: "ticked" });
    return this.observe();
  }

  /** Ids of the nodes that have the candidate. */
  reached(): readonly string[] {
    return [...this.#answers.keys()].filter((id) => this.#has(id) === "candidate");
  }

  nodes(): readonly ObservedNode[] {
    return [...this.#answers].map(([id, answer]): ObservedNode => {
      const node = nodeOf(id);
      const revisionId = this.state.serving && revisionFor(this.state.serving, node).revision.id;
      const at = { node, ...(revisionId !== undefined && { revisionId }) };
      if (this.#has(id) === "stable" || answer === "accepts") return { ...at, state: "synced" };
      if (answer === "silent") return { ...at, state: "pending" };
      if (answer === "leaves") return { ...at, state: "lost" };
      const refusal = { node: id, typeUrl: "type.test/T", atMs: 0, message: "no", resources: [] };
      return { ...at, state: "refused", refusal };
    });
  }

  #has(id: string): "stable" | "candidate" {
    const { serving } = this.state;
    if (!serving?.candidate) return "stable";
    return revisionFor(serving, nodeOf(id)).revision === serving.candidate.revision ? "candidate" : "stable";
  }
}

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "nowMs" | "atMs"> : never;
