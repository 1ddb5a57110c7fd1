import { Counter, Gauge, type Registry } from "prom-client";
import type { GitStatus } from "../../sources/git/git-source.ts";

/** How the repository stands that is followed; docs/operating.md lists them. */
export function registerGit(registry: Registry, status: () => GitStatus): void {
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
