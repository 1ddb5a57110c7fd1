import { setTimeout as pause } from "node:timers/promises";
import type { RolloutRecord } from "../../rollout/state.ts";
import type { RolloutReport } from "../../server/rollout/rollout-report.ts";
import { CommandError, exitCode } from "../exit-code.ts";

const askEveryMs = 200;

/**
 * Asks until no rollout is under way. Resolves to how the one ended that was there first, or the last one when there was none.
 * Throws `CommandError` with 124 when that takes longer than `timeoutMs`.
 */
export async function waitForEnd(
  ask: () => Promise<RolloutReport>,
  show: (report: RolloutReport) => Promise<void>,
  timeoutMs: number,
): Promise<RolloutRecord | null> {
  const endMs = performance.now() + timeoutMs;
  let shown = "";
  for (;;) {
    const report = await ask();
    const text = JSON.stringify(report.rollout?.groups);
    if (text !== shown && report.rollout) await show(report);
    shown = text;
    if (!report.rollout) return report.last;
    if (performance.now() >= endMs) {
      const { number } = report.rollout;
      throw new CommandError(exitCode.timeout, `rollout ${number} is not over after ${timeoutMs / 1000} s`);
    }
    await pause(askEveryMs);
  }
}
