import type { EjectionCause } from "../resources/outlier-detection.ts";
import type { OutlierMonitor } from "../health/outlier-monitor.ts";
import type { WatchedOutcomes } from "./cluster-host.ts";

export interface HostReportOptions {
  /** Absent where outliers are not looked for. */
  readonly monitor: OutlierMonitor | undefined;
  readonly onDetected: (causes: readonly EjectionCause[]) => void;
  readonly onAskedToBeLeftOut: () => void;
}

/** Takes the outcomes of one host of a cluster that watches its hosts. */
export class HostReport implements WatchedOutcomes {
  readonly #options: HostReportOptions;

  constructor(options: HostReportOptions) {
    this.#options = options;
  }

  get successRate(): number {
    return this.#options.monitor?.external.shown ?? -1;
  }

  get localOriginSuccessRate(): number {
    return this.#options.monitor?.local.shown ?? -1;
  }

  response(status: number): void {
    this.#tell(this.#options.monitor?.response(status));
  }

  connected(): void {
    this.#options.monitor?.connected();
  }

  connectedFinally(): void {
    this.#options.monitor?.connectedFinally();
  }

  failed(status: 503 | 504): void {
    this.#tell(this.#options.monitor?.localFailure(status));
  }

  askedToBeLeftOut(): void {
    this.#options.onAskedToBeLeftOut();
  }

  #tell(causes: readonly EjectionCause[] | undefined): void {
    if (causes !== undefined && causes.length > 0) this.#options.onDetected(causes);
  }
}
