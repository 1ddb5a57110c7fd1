import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { formatProblem, type Problem } from "../../base/problem.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import type { EventLog } from "../event-log.ts";
import type { RolloutDriver } from "../rollout/rollout-driver.ts";
import { sourceFields } from "../source-fields.ts";
import type { AcceptedLoad, Attempt, RefusedLoad } from "./attempt.ts";
import { newProblems } from "./new-problems.ts";

export interface SourceStandingOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  /** What is accepted is rolled out by it. */
  readonly rollout: RolloutDriver;
  readonly showProblems: (problems: readonly Problem[], files: readonly ConfigFile[]) => void;
}

/** How the source stands: what came of looking at it, told to people and handed on to the rollout. */
export class SourceStanding {
  readonly #options: SourceStandingOptions;
  #isRestored = true;
  #refused: RefusedLoad | undefined;
  #lastGoodLoadMs: number | undefined;

  constructor(options: SourceStandingOptions) {
    this.#options = options;
  }

  /** True while the source has had no valid state since the start. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** The last state of the source, when it was refused. */
  get refused(): RefusedLoad | undefined {
    return this.#refused;
  }

  /** Wall clock of the last load that was accepted; absent before the first. */
  get lastGoodLoadMs(): number | undefined {
    return this.#lastGoodLoadMs;
  }

  take(attempt: Attempt, tookMs: number): void {
    if (attempt.kind === "refused") this.#refuse(attempt.refusal);
    else this.#accept(attempt, tookMs);
  }

  #accept({ revision, isNew, rollout: policies, files }: AcceptedLoad, tookMs: number): void {
    const { log, clock, events, rollout, showProblems } = this.#options;
    const isFirst = rollout.target === undefined || this.#isRestored;
    const previous = this.#isRestored ? undefined : rollout.target;
    const wasRefused = this.#refused !== undefined;
    this.#refused = undefined;
    this.#isRestored = false;
    this.#lastGoodLoadMs = clock.now();
    const isHeldBack = rollout.state.quarantine.has(revision.id);
    if ((isNew || isFirst || wasRefused) && !isHeldBack) {
      // Said before the nodes answer, so that the events tell the story in its order.
      events.add("revision-served", clock.now(), { revision: revision.id });
      showProblems(newProblems(previous?.problems ?? [], revision.problems), files);
      const groups = [...revision.groups.values()];
      const resources = groups.flatMap(({ snapshot }) => [...snapshot.types.values()]);
      log.info(wasRefused && !isNew ? "the source is good again; nothing changed" : "revision is served", {
        revision: revision.id,
        groups: groups.length,
        resources: resources.reduce((sum, set) => sum + set.resources.size, 0),
        took_ms: Math.round(tookMs),
        ...sourceFields(revision.source),
      });
    }
    rollout.serveRestored();
    rollout.offer({ revision, policies });
  }

  #refuse(refusal: RefusedLoad): void {
    const { log, clock, events, rollout, showProblems } = this.#options;
    const { reason, problems, files, source } = refusal;
    this.#refused = refusal;
    showProblems(problems, files);
    rollout.serveRestored();
    const revision = rollout.target?.id;
    const errors = problems.filter(({ severity }) => severity === "error");
    log.error(consequence(revision !== undefined, this.#isRestored), {
      errors: errors.length,
      reason,
      revision,
      ...sourceFields(source),
    });
    events.add("revision-refused", clock.now(), { reason, errors: errors.length });
    if (!source) return;
    const [first] = errors;
    const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
    const why = first ? `: ${formatProblem(first)}` : "";
    rollout.noteRefused({ source, reason: `${reason}, ${count}${why}` });
  }
}

function consequence(isServing: boolean, isRestored: boolean): string {
  if (!isServing)
    return "the source is not served, and there is nothing from before: nodes are refused until it is valid";
  if (isRestored) return "the source is not served; the last good revision from the state directory is";
  return "the source is not served; the last good revision stays";
}
