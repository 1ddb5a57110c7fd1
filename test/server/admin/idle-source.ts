import type { AdminSource } from "../../../src/server/admin/admin-source.ts";
import { EventLog } from "../../../src/server/event-log.ts";

/** A control plane that serves nothing to nobody, but for what `more` says. */
export function idleSource(more: Partial<AdminSource> = {}): AdminSource {
  return {
    version: "1.2.3",
    events: new EventLog(),
    notReadyBecause: () => undefined,
    nodes: () => [],
    connected: () => [],
    revision: () => ({ current: null, refused: null }),
    loads: () => [],
    rollout: () => ({ stable: null, rollout: null, last: null, quarantine: [], stateError: null }),
    rolloutHistory: () => [],
    orderRollout: async () => ({ kind: "done" }),
    explain: () => undefined,
    why: async () => ({ items: [] }),
    nodeConfig: async () => ({ items: [], isTruncated: false }),
    resources: () => ({ resources: [], isTruncated: false }),
    reconcile: async () => ({ isAccepted: true, current: null, refused: null }),
    metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "chancery_ready 1\n" }),
    ...more,
  };
}
