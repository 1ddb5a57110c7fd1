import type { SourcePlan } from "../xds-client/source-plan.ts";
import type { NameSubscriptions } from "../xds-client/update.ts";

/** Where the resources of a proxy come from: the xDS client, or whoever stands for it. */
export interface XdsSource extends NameSubscriptions {
  /** CDS or LDS: subscribes to everything there is. Its `initial_fetch_timeout` starts now. */
  subscribeAll(typeUrl: string, plan: SourcePlan): void;
  /** What was applied stays with its consumers. Idempotent. */
  close(): Promise<void>;
}
