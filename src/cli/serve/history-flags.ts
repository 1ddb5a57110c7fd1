import type { HistoryLimits } from "../../rollout/history.ts";
import { countFlag } from "../count.ts";
import { ageFlag } from "../duration.ts";
import type { FlagValues } from "../flag.ts";

/** How much is remembered of rollouts that are over. Their defaults are those of the library. */
export const historyFlags = {
  historyMaxAge: ageFlag("how long rollouts that are over are remembered", "90d"),
  historyMaxCount: countFlag("how many of them are remembered", "200"),
  historyRevisions: countFlag("how many revisions that were good stay to be gone back to", "10"),
} as const;

/** The limits that the flags ask for. */
export function historyFromFlags(flags: FlagValues<typeof historyFlags>): HistoryLimits {
  return {
    maxAgeMs: flags.historyMaxAge,
    maxCount: flags.historyMaxCount,
    revisions: flags.historyRevisions,
  };
}
