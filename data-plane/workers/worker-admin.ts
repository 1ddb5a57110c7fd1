import type { AdminReply } from "../admin/admin-route.ts";
import { textReply } from "../admin/admin-route.ts";
import type { AdminAnswer } from "../admin/admin-server.ts";
import type { StatsSnapshot } from "../stats/stats-store.ts";
import { mergedClusters } from "./merged-stats.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * The one admin endpoint of several workers. What all have alike is the first one's answer; statistics and the counts of hosts are of
 * all together; what changes something is done by all.
 *
 * `ownStats`: those of the parent, which has the control plane's.
 */
export function workerAdmin(
  pool: Pick<WorkerPool, "admin" | "stats" | "isServing">,
  ownStats: () => StatsSnapshot,
): AdminAnswer {
  return async (method, target) => {
    const { pathname, searchParams } = new URL(target, "http://admin");
    if (method === "POST") return first(await pool.admin(method, target));
    if (pathname === "/stats" || pathname === "/stats/prometheus") {
      const stats = [ownStats(), ...(await pool.stats())];
      return first(await pool.admin(method, target, { isFirstOnly: true, stats }));
    }
    if (pathname === "/ready" && !pool.isServing) return notReady;
    if (pathname === "/clusters" && searchParams.get("format") !== "json") {
      const replies = await pool.admin(method, target);
      return { ...first(replies), body: mergedClusters(replies.map(({ body }) => body)) };
    }
    return first(await pool.admin(method, target, { isFirstOnly: true }));
  };
}

/** Also before there is a worker: an admin endpoint answers from the first moment (XC-12). */
const notReady = textReply("PRE_INITIALIZING\n", 503);

function first([reply = notReady]: readonly AdminReply[]): AdminReply {
  return reply;
}
