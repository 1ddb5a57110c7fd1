import type { Http2Stats } from "../http2/codec-stats.ts";
import type { AccessLogger, OriginalIpDetection, RunContext } from "../resources/extension.ts";
import type { ChainFilter } from "./filter-run.ts";
import type { HttpDate } from "./http-date.ts";
import type { ReplyMapper } from "./local-reply-config.ts";
import type { ManagerConfig } from "./manager-config.ts";
import type { CodecStats, ManagerStats } from "./manager-stats.ts";
import type { RouteSource } from "./routes/rds.ts";

/** A connection manager that runs: what its connections share. */
export interface Manager {
  readonly config: ManagerConfig;
  readonly run: RunContext;
  readonly stats: ManagerStats;
  readonly codecStats: CodecStats;
  /** Shared by all connection managers, as in Envoy. */
  readonly http2Stats: Http2Stats;
  readonly routes: RouteSource;
  readonly detections: readonly OriginalIpDetection[];
  /** In the order of the configuration, without the router. */
  readonly filters: readonly ChainFilter[];
  readonly suppressesEnvoyHeaders: boolean;
  /** Undefined: local replies are sent as they are. */
  readonly mapReply: ReplyMapper | undefined;
  readonly logAccess: AccessLogger | undefined;
  readonly date: HttpDate;
  readonly ownAddress: () => string;
  readonly newRequestId: () => string;
}
