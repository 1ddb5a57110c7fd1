import type { GroupRun, Quarantined, RolloutRecord, RolloutState, Run } from "../../rollout/state.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { Extent } from "../../snapshot/serving.ts";

/** Changes when an older program could not read what a newer one wrote. */
const format = "chancery-rollout/1";

interface SavedRun extends Omit<Run, "groups"> {
  readonly groups: readonly (readonly [string, GroupRun])[];
}

/** What is kept of a rollout, with revisions by their ids. */
export interface SavedRollout {
  readonly format: string;
  readonly stable: string;
  readonly candidate?: {
    readonly revisionId: string;
    readonly extents: readonly (readonly [string, Extent])[];
    readonly run: SavedRun;
  };
  readonly quarantine: readonly Quarantined[];
  readonly lastNumber: number;
  /** Oldest first. */
  readonly history: readonly RolloutRecord[];
}

/** One small file: whatever moment the process stops at, all of it is of one moment. */
export function encodeRollout(state: RolloutState, history: readonly RolloutRecord[]): Buffer | undefined {
  const { serving, run, quarantine, lastNumber } = state;
  if (!serving) return undefined;
  const { stable, candidate } = serving;
  const saved: SavedRollout = {
    format,
    stable: stable.id,
    ...(candidate &&
      run && {
        candidate: {
          revisionId: candidate.revision.id,
          extents: [...candidate.extents],
          run: { ...run, groups: [...run.groups] },
        },
      }),
    quarantine: [...quarantine.values()],
    lastNumber,
    history,
  };
  return Buffer.from(`${JSON.stringify(saved)}\n`);
}

/** What `encodeRollout` wrote. Throws `Error` for another format. */
export function decodeRollout(file: Buffer): SavedRollout {
  const saved: unknown = JSON.parse(file.toString("utf8"));
  if (!isSaved(saved)) throw new Error(`not a file of the format ${format}`);
  return saved;
}

/** We renamed it into its place whole, so only the version of the format is in question. */
function isSaved(saved: unknown): saved is SavedRollout {
  return typeof saved === "object" && saved !== null && "format" in saved && saved.format === format;
}

/** The state again; without its candidate when that is not to be had. */
export function stateOf(
  saved: SavedRollout,
  stable: Revision,
  candidate: Revision | undefined,
): RolloutState {
  const { quarantine, lastNumber } = saved;
  const common = {
    quarantine: new Map(quarantine.map((entry) => [entry.revisionId, entry])),
    lastNumber,
    nodes: [],
  };
  if (!saved.candidate || !candidate) return { ...common, serving: { stable } };
  const { extents, run } = saved.candidate;
  return {
    ...common,
    serving: { stable, candidate: { revision: candidate, extents: new Map(extents) } },
    run: { ...run, groups: new Map(run.groups) },
  };
}
