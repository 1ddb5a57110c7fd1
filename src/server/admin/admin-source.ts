import type { Place, Problem } from "../../base/problem.ts";
import type { NodeMatch } from "../../config/node-match.ts";
import type { Load } from "../../fleet/loads.ts";
import type { NodeStatus } from "../../fleet/node-status.ts";
import type { Reach } from "../../fleet/reach.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import type { RevisionSource } from "../../snapshot/revision.ts";
import type { RolloutAnswers } from "../rollout/rollout-answers.ts";
import type { EventLog } from "../event-log.ts";
import type { ConnectedNodes } from "./group-match-routes.ts";
import type { NodeConfigAnswers } from "./node-config-routes.ts";
import type { WhyAnswers } from "./why-routes.ts";

/** The revision that is served, as the API tells it. */
export interface ServedReport {
  readonly id: string;
  readonly source: RevisionSource;
  readonly createdAtMs: number;
  /** True when it comes from the state directory because the source has had no valid state since the start. */
  readonly isRestored: boolean;
  readonly groups: readonly {
    readonly name: string;
    readonly match: NodeMatch;
    readonly types: readonly {
      readonly typeUrl: string;
      readonly version: string;
      readonly resources: number;
    }[];
  }[];
  readonly warnings: readonly Problem[];
  /** Who has it (XDS-146). */
  readonly reach: Reach;
}

/** The last state of the source that was not served; gone with the next one that is. */
export interface RefusedReport {
  readonly atMs: number;
  readonly reason: string;
  /** The commit that is refused; absent where there is none, or none was reached. */
  readonly source?: RevisionSource;
  /** How many there are; `problems` has the first thousand of them. */
  readonly problemCount: number;
  readonly problems: readonly Problem[];
}

export interface RevisionReport {
  readonly current: ServedReport | null;
  readonly refused: RefusedReport | null;
}

/** A resource as the API shows it, secrets masked (XDS-139). */
export interface ResourceReport {
  readonly group: string;
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly place?: Place;
  readonly resource: JsonValue;
}

export interface ResourceQuery {
  /** A type URL, a full or a short type name. */
  readonly type?: string | undefined;
  readonly group?: string | undefined;
  readonly name?: string | undefined;
  readonly limit: number;
}

/** What the admin API needs of the control plane. */
export interface AdminSource extends WhyAnswers, NodeConfigAnswers, RolloutAnswers, ConnectedNodes {
  readonly version: string;
  readonly events: EventLog;
  /** Why it is not ready, or undefined when it is: ready means that a valid revision is served and nobody shuts down. */
  notReadyBecause(): string | undefined;
  nodes(): readonly NodeStatus[];
  revision(): RevisionReport;
  /** What connected nodes have reported of their clusters (XDS-144). */
  loads(): readonly Load[];
  resources(query: ResourceQuery): {
    readonly resources: readonly ResourceReport[];
    readonly isTruncated: boolean;
  };
  /** Looks at the source now; resolves with what came of it. */
  reconcile(options: {
    readonly allowsRemovals: boolean;
  }): Promise<RevisionReport & { readonly isAccepted: boolean }>;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}
