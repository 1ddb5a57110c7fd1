import type { Revision } from "../snapshot/revision.ts";
import type { StreamStatus } from "../xds/events.ts";

/** The xDS server as the control plane uses it. */
export interface XdsFront {
  /** Listens. Rejects with the system's error when the address cannot be had. */
  start(): Promise<{ readonly port: number }>;
  /** From now on nodes are served from this revision; streams that are open get what differs. */
  setRevision(revision: Revision): void;
  /** All open streams. */
  streams(): Iterable<StreamStatus>;
  /** Takes no new streams and ends the open ones, spread over the drain time (XDS-134). */
  close(): Promise<void>;
}
