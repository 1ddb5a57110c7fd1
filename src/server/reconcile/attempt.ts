import { errorMessage } from "../../base/error-message.ts";
import { hasErrors, type Place, type Problem } from "../../base/problem.ts";
import { finish, type Steps } from "../../base/steps.ts";
import type { AccessPolicy } from "../../config/access-policy.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import type { NodeMatch } from "../../config/node-match.ts";
import type { Resource } from "../../config/resource.ts";
import { policiesByDefault, type RolloutPolicies } from "../../config/rollout-policy.ts";
import { type Group, makeRevision, type Revision, type RevisionSource } from "../../snapshot/revision.ts";
import { Snapshot } from "../../snapshot/snapshot.ts";
import type { Reading } from "../../sources/reading.ts";
import { excessiveRemovals, type RemovalPolicy } from "./removals.ts";

/** What a tree of texts means, checked. */
export interface Loaded {
  readonly groups: Iterable<{
    readonly name: string;
    readonly match: NodeMatch;
    readonly resources: readonly Resource[];
  }>;
  readonly problems: readonly Problem[];
  readonly authorization?: AccessPolicy;
  /** How groups come to it. Default: all nodes at once. */
  readonly rollout?: RolloutPolicies;
  /** Where `rollout` has programs run. Default: nowhere. */
  readonly probeCommands?: readonly Place[];
}

/** What came of looking at the source once. */
export type Attempt =
  | AcceptedLoad
  /** Something is wrong with it: what was served before stays. */
  | { readonly kind: "refused"; readonly refusal: RefusedLoad };

/** A state of the source that has nothing wrong with it: it is to be served. */
export interface AcceptedLoad {
  readonly kind: "accepted";
  readonly revision: Revision;
  /** False when nodes would get nothing else than before. */
  readonly isNew: boolean;
  readonly rollout: RolloutPolicies;
  /** The texts, for excerpts of warnings. */
  readonly files: readonly ConfigFile[];
}

/** A state of the source that is not served, and why. */
export interface RefusedLoad {
  readonly atMs: number;
  /** `unreadable`: there was nothing to read; `errors`: the texts have errors; `removals`: too much would go (XDS-71). */
  readonly reason: "unreadable" | "errors" | "removals";
  readonly problems: readonly Problem[];
  /** The texts, for excerpts; none when they could not be read. */
  readonly files: readonly ConfigFile[];
  /** Absent when it is not even known what there was to read. */
  readonly source?: RevisionSource;
}

export interface AttemptOptions {
  /** What is served, or was before a restart; absent at the very first start. */
  readonly current: Revision | undefined;
  readonly removals: RemovalPolicy;
  readonly load: (files: readonly ConfigFile[]) => Loaded | Promise<Loaded>;
  /** Does what takes long for large trees. Default: at once. */
  readonly perform?: <T>(steps: Steps<T>) => T | Promise<T>;
}

/** Turns a reading into a revision, or into the reasons why what is served has to stay. */
export async function attempt(reading: Reading, options: AttemptOptions): Promise<Attempt> {
  const { origin: source, readAtMs: atMs } = reading;
  if (reading.kind === "failed") {
    const { problems } = reading;
    return {
      kind: "refused",
      refusal: { atMs, reason: "unreadable", problems, files: [], ...(source && { source }) },
    };
  }
  const { files, origin } = reading;
  const refused = (reason: "errors" | "removals", because: readonly Problem[]): Attempt => ({
    kind: "refused",
    refusal: { atMs, reason, problems: because, files, source: origin },
  });
  const { groups, problems, authorization, rollout = policiesByDefault } = await loadSafely(files, options);
  if (hasErrors(problems)) return refused("errors", problems);
  const { current, perform = finish } = options;
  const made: Group[] = [];
  for (const { name, match, resources } of groups) {
    const snapshot = await perform(Snapshot.inSteps(resources, current?.groups.get(name)?.snapshot));
    made.push({ name, match, snapshot });
  }
  const revision = makeRevision({
    groups: made,
    ...(authorization && { authorization }),
    source: origin,
    problems,
    createdAtMs: atMs,
  });
  const removals = current ? excessiveRemovals(current, revision, options.removals) : [];
  if (removals.length > 0) return refused("removals", removals);
  return { kind: "accepted", revision, isNew: revision.id !== current?.id, rollout, files };
}

/** A text that breaks the loader itself must not take the server down: it is refused like any other bad text. */
async function loadSafely(files: readonly ConfigFile[], options: AttemptOptions): Promise<Loaded> {
  try {
    return await options.load(files);
  } catch (error) {
    const message = `the configuration could not be loaded: ${errorMessage(error)}`;
    const problem: Problem = { code: "internal-error", severity: "error", message };
    return { groups: [], problems: [problem] };
  }
}
