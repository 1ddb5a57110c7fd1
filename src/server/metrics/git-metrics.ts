import { Counter, Gauge, type Registry } from "prom-client";
import type { GitStatus } from "../../sources/git/git-source.ts";

/** What is told of a repository, and of its webhook where there is one. */
export interface GitReport extends GitStatus {
  /** By what came of them. */
  readonly deliveries?: ReadonlyMap<string, number>;
}

/** How the repository stands that is followed; docs/operating.md lists them. */
export function registerGit(registry: Registry, status: () => GitReport): void {
  const registers = [registry];
  const revision = new Gauge({
    name: "chancery_git_revision_info",
    help: "The commit that was read last",
    labelNames: ["revision"],
    registers,
    collect: () => {
      revision.reset();
      const { commit } = status();
      if (commit !== undefined) revision.set({ revision: commit }, 1);
    },
  });
  const lastFetch: Gauge = new Gauge({
    name: "chancery_git_last_fetch_timestamp_seconds",
    help: "When the remote last answered as it should, in seconds since the epoch; 0 before the first time",
    registers,
    collect: () => lastFetch.set((status().lastFetchMs ?? 0) / 1000),
  });
  const deliveries = new Counter({
    name: "chancery_webhook_deliveries_total",
    help: "Deliveries to the webhook, by what came of them",
    labelNames: ["result"],
    registers,
    collect: () => {
      deliveries.reset();
      for (const [result, count] of status().deliveries ?? []) deliveries.inc({ result }, count);
    },
  });
  const errors = new Counter({
    name: "chancery_git_errors_total",
    help: "Looks at the repository that came to nothing, by the code of the error",
    labelNames: ["code"],
    registers,
    collect: () => {
      errors.reset();
      for (const [code, count] of status().errors) errors.inc({ code }, count);
    },
  });
}
