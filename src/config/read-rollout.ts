import type { Place, Problem } from "../base/problem.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { SourceNode } from "../schema/source-node.ts";
import { locate } from "../schema/yaml/locate.ts";
import {
  type Gates,
  gatesByDefault,
  policiesByDefault,
  policyByDefault,
  type Probe,
  type RolloutPolicies,
  type RolloutPolicy,
  type Stage,
} from "./rollout-policy.ts";
import { placeOfNode } from "./source-tree.ts";

type Rollout = MessageTypes["chancery.v1.Rollout"];
type GatesMessage = MessageTypes["chancery.v1.RolloutGates"];
type ProbeMessage = MessageTypes["chancery.v1.RolloutProbe"];

export interface RolloutSettings {
  readonly policies: RolloutPolicies;
  /** Where programs are to be run, which a server has to allow. */
  readonly commands: readonly Place[];
  readonly problems: readonly Problem[];
}

/** The `rollout` of chancery.yaml and of its groups. */
export function readRollout(
  config: MessageTypes["chancery.v1.Config"],
  document: SourceNode,
): RolloutSettings {
  const reader = new Reader(document);
  const groups = (config.groups ?? []).flatMap(({ name = "", rollout }, index) =>
    rollout ? [[name, reader.policy(rollout, `groups[${index}].rollout`)] as const] : [],
  );
  const others = config.rollout ? reader.policy(config.rollout, "rollout") : policyByDefault;
  const { commands, problems } = reader;
  if (groups.length === 0 && !config.rollout) return { policies: policiesByDefault, commands, problems };
  return { policies: { others, groups: Object.fromEntries(groups) }, commands, problems };
}

class Reader {
  readonly commands: Place[] = [];
  readonly problems: Problem[] = [];
  readonly #document: SourceNode;

  constructor(document: SourceNode) {
    this.#document = document;
  }

  policy({ stages = [], gates, rollback }: Rollout, path: string): RolloutPolicy {
    const shared = this.#gates(gatesByDefault, gates, `${path}.gates`);
    let highest = 0;
    const read = stages.flatMap((stage, index): Stage[] => {
      const at = `${path}.stages[${index}]`;
      const { percent, match, pause = false } = stage;
      const own = { gates: this.#gates(shared, stage.gates, `${at}.gates`), waitsForPromote: pause };
      if ((percent === undefined) === (match === undefined)) {
        this.#refuse(at, "a stage has one of percent and match");
        return [];
      }
      if (match) return [{ reach: { kind: "match", match }, ...own }];
      const value = percent?.value ?? 0;
      if (value <= highest)
        this.#refuse(`${at}.percent`, `stages grow: ${value} percent comes after ${highest}`);
      highest = Math.max(highest, value);
      return [{ reach: { kind: "percent", percent: value }, ...own }];
    });
    if (highest >= 100 && !isWhole(read.at(-1)))
      this.#refuse(`${path}.stages[${stages.length - 1}]`, "all nodes have it already");
    const whole: Stage = {
      reach: { kind: "percent", percent: 100 },
      gates: shared,
      waitsForPromote: false,
    };
    return { stages: isWhole(read.at(-1)) ? read : [...read, whole], rollsBack: rollback !== "NEVER" };
  }

  #gates(base: Gates, gates: GatesMessage | undefined, path: string): Gates {
    if (!gates) return base;
    const { acked_percent, acked_within, soak, max_refusals, max_lost, min_nodes, probe } = gates;
    const maxLost = max_lost ? (max_lost.value ?? 0) : base.maxLost;
    const asked = probe ? this.#probe(probe, `${path}.probe`) : base.probe;
    return {
      ackedPercent: acked_percent ? (acked_percent.value ?? 0) : base.ackedPercent,
      ackedWithinMs: acked_within ? toMs(acked_within) : base.ackedWithinMs,
      soakMs: soak ? toMs(soak) : base.soakMs,
      maxRefusals: max_refusals ? (max_refusals.value ?? 0) : base.maxRefusals,
      ...(maxLost !== undefined && { maxLost }),
      minNodes: min_nodes ? (min_nodes.value ?? 0) : base.minNodes,
      ...(asked && { probe: asked }),
    };
  }

  #probe({ http = "", command = [], timeout, attempts }: ProbeMessage, path: string): Probe | undefined {
    const common = { timeoutMs: timeout ? toMs(timeout) : 5_000, attempts: attempts?.value ?? 3 };
    if ((http === "") === (command.length === 0)) {
      this.#refuse(path, "a probe has one of http and command");
      return undefined;
    }
    if (command.length > 0) {
      this.commands.push(this.#placeOf(`${path}.command`));
      return { kind: "command", argv: command, ...common };
    }
    if (!/^https?:\/\//.test(http))
      this.#refuse(`${path}.http`, `expected an http or https URL, found "${http}"`);
    return { kind: "http", url: http, ...common };
  }

  #refuse(path: string, message: string): void {
    this.problems.push({
      code: "invalid-rollout",
      severity: "error",
      message,
      place: this.#placeOf(path),
      path,
    });
  }

  #placeOf(path: string): Place {
    return placeOfNode(locate(this.#document, path));
  }
}

function isWhole(stage: Stage | undefined): boolean {
  return stage?.reach.kind === "percent" && stage.reach.percent >= 100;
}

function toMs({ seconds = "0", nanos = 0 }: MessageTypes["google.protobuf.Duration"]): number {
  return Number(seconds) * 1000 + Math.round(nanos / 1e6);
}

/** Errors for programs that chancery.yaml would have run, on a server that was not told to run any. */
export function probeCommandsNotAllowed(commands: readonly Place[]): readonly Problem[] {
  return commands.map((place) => ({
    code: "probe-command",
    severity: "error",
    message:
      "whoever writes this file would run programs on the server: it has to be started with --allow-probe-commands",
    place,
  }));
}
