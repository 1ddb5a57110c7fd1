import type { StreamHoldings } from "../fleet/node-config.ts";
import type { StreamStanding } from "../fleet/why.ts";
import type { Serving } from "../snapshot/serving.ts";
import type { StreamStatus } from "../xds/events.ts";
import type { WorkersReport } from "./metrics/worker-metrics.ts";
import type { Named } from "../xds/order-views.ts";

/** The xDS server as the control plane uses it. */
export interface XdsFront {
  /** Listens. Rejects with the system's error when the address cannot be had. */
  start(): Promise<{ readonly port: number }>;
  /** True while clients can connect and are served. */
  readonly isListening: boolean;
  /** From now on nodes are served what `revisionFor` says; streams that are open get what differs. */
  serve(serving: Serving): void;
  /** All open streams. */
  streams(): Iterable<StreamStatus>;
  /** How the open streams of a node stand with a resource. */
  standings(nodeId: string, resource: Named): Promise<readonly StreamStanding[]>;
  /** All that a node should hold or holds, stream by stream; of one type or of all. */
  holdings(nodeId: string, typeUrl?: string): Promise<readonly StreamHoldings[]>;
  /** How its workers are, where it has some. */
  workers?(): WorkersReport;
  /** Takes no new streams and ends the open ones, spread over the drain time (XDS-134). */
  close(): Promise<void>;
}
