import { systemClock } from "../../src/base/clock.ts";
import type { SourceFile } from "../../src/schema/source-node.ts";
import { CLUSTER, LISTENER } from "../../src/schema/type-urls.ts";
import { startAdminServer } from "../admin/admin-server.ts";
import type { RunningServer, StartOptions } from "../proxy/start-proxy.ts";
import { newXdsClient } from "../proxy/start-proxy.ts";
import { publishSource } from "../proxy/xds-stats.ts";
import { StatsStore } from "../stats/stats-store.ts";
import type { SourcePlan } from "../xds-client/source-plan.ts";
import { workerAdmin } from "./worker-admin.ts";
import type { WorkerProcess } from "./worker-pool.ts";
import { WorkerPool } from "./worker-pool.ts";
import { XdsHub } from "./xds-hub.ts";

export interface StartWorkersOptions extends Pick<
  StartOptions,
  "bootstrap" | "schema" | "local" | "log" | "clock" | "random" | "rejectsUnknownDynamicFields" | "onQuit"
> {
  readonly count: number;
  /** The texts of the bootstrap, for the workers. */
  readonly files: readonly SourceFile[];
  readonly fork: () => WorkerProcess;
}

/**
 * Starts a proxy of several processes (`--concurrency N`). This one listens to the control plane and has the admin endpoint; the
 * workers have the clusters, accept on sockets that they share, and are started again when they end. Resolves when the admin endpoint
 * answers; the rest of the start shows in `live`.
 *
 * @throws Error of the system when the admin address cannot be bound
 */
export async function startWorkers(options: StartWorkersOptions): Promise<RunningServer> {
  const { bootstrap, count, files, fork, log, clock = systemClock, onQuit } = options;
  const stats = new StatsStore();
  const xds = newXdsClient(options, (view) => publishSource(view, stats));
  const plans = new Map<string, SourcePlan>([
    ...(bootstrap.cds ? [[CLUSTER, bootstrap.cds] as const] : []),
    ...(bootstrap.lds ? [[LISTENER, bootstrap.lds] as const] : []),
  ]);
  const hub = new XdsHub({ client: xds, plans });
  const { foreignSources } = bootstrap;
  const pool = new WorkerPool({ count, fork, files, foreignSources, hub, clock, log, onQuit });
  const answer = workerAdmin(pool, () => stats.snapshot());
  const admin = bootstrap.admin && (await startAdminServer(bootstrap.admin, answer));
  // Who awaits it gets the error; nobody has to.
  pool.live.catch(() => undefined);
  pool.start();
  const close = async () => {
    await Promise.all([xds.close(), pool.close()]);
    await admin?.close();
  };
  return {
    adminAddress: admin?.address,
    live: pool.live,
    reopenLogs: () => void pool.admin("POST", "/reopen_logs"),
    drain: async (timeoutMs) => {
      await Promise.all([pool.drain(timeoutMs), xds.close()]);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
