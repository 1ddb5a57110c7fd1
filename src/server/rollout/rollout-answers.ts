import { errorMessage } from "../../base/error-message.ts";
import type { RolloutRecord } from "../../rollout/state.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { OrderOutcome } from "./order-outcome.ts";
import type { RolloutDriver } from "./rollout-driver.ts";
import { type RolloutReport, rolloutReport } from "./rollout-report.ts";

/** What a person can tell a rollout to do. */
export type RolloutOrder =
  | { readonly action: "pause" | "resume" | "abort" | "retry" }
  | { readonly action: "promote"; readonly isFull: boolean }
  /** Without a revision: the rollout under way, or else the last one that came through. */
  | { readonly action: "undo"; readonly revisionId?: string };

/** What is known of a revision. */
export interface Explanation {
  readonly revisionId: string;
  /** `candidate`, `stable`, or what became of it. */
  readonly standing: string;
  readonly why: string;
  readonly rollouts: readonly RolloutRecord[];
}

/** What the admin API asks of rollouts. */
export interface RolloutAnswers {
  rollout(): RolloutReport;
  rolloutHistory(): readonly RolloutRecord[];
  orderRollout(order: RolloutOrder, by: string): Promise<OrderOutcome>;
  /** `id` may be cut short. */
  explain(id: string): Explanation | undefined;
}

export function rolloutAnswers(driver: RolloutDriver): RolloutAnswers {
  return {
    rollout: () => rolloutReport(driver.state, driver.history, driver.stateError),
    rolloutHistory: () => driver.history,
    orderRollout: (order, by) => perform(driver, order, by),
    explain: (id) => explain(driver, id),
  };
}

async function perform(driver: RolloutDriver, order: RolloutOrder, by: string): Promise<OrderOutcome> {
  if (order.action === "promote") return driver.command({ kind: "promote", isFull: order.isFull }, by);
  if (order.action !== "undo") return driver.command({ kind: order.action }, by);
  if (order.revisionId === undefined && driver.state.run) return driver.command({ kind: "abort" }, by);
  const revision = await revisionBefore(driver, order.revisionId);
  return typeof revision === "string"
    ? { kind: "refused", reason: revision }
    : driver.command({ kind: "undo", revision }, by);
}

/** The revision to go back to, or why there is none. */
async function revisionBefore(driver: RolloutDriver, wanted: string | undefined): Promise<Revision | string> {
  const now = driver.state.serving?.stable.id;
  const good = driver.history
    .filter(({ result }) => result === "completed")
    .map(({ revisionId }) => revisionId);
  const id = good.findLast((one) => (wanted === undefined ? one !== now : one.startsWith(wanted)));
  if (id === undefined) {
    return wanted === undefined
      ? "there is no revision before the one that is served"
      : `no revision that was good begins with ${wanted}`;
  }
  try {
    return (await driver.revision(id)) ?? `the content of ${id} is not kept any more`;
  } catch (error) {
    return errorMessage(error);
  }
}

function explain(driver: RolloutDriver, wanted: string): Explanation | undefined {
  const { serving, quarantine } = driver.state;
  const ids = [
    serving?.candidate?.revision.id,
    serving?.stable.id,
    ...quarantine.keys(),
    ...driver.history.map((record) => record.revisionId),
  ];
  const id = ids.find((one) => one !== undefined && one !== "" && one.startsWith(wanted));
  if (id === undefined) return undefined;
  const rollouts = driver.history.filter((record) => record.revisionId === id);
  const last = rollouts.at(-1);
  const kept = quarantine.get(id);
  const standing = () => {
    if (serving?.candidate?.revision.id === id)
      return ["candidate", "it is on its way to the nodes, and not every one has it"] as const;
    if (serving?.stable.id === id) return ["stable", "it is what nodes have"] as const;
    if (kept) return ["quarantined", kept.reason] as const;
    return [last?.result ?? "unknown", last?.reason ?? ""] as const;
  };
  const [what, why] = standing();
  return { revisionId: id, standing: what, why, rollouts };
}
