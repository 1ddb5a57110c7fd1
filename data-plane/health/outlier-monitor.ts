import type { EjectionCause, OutlierDetectionConfig } from "../resources/outlier-detection.ts";

/** Requests of one interval. */
interface Bucket {
  successes: number;
  total: number;
}

/**
 * What outlier detection counts of one host: failures in a row, and how many of an interval's requests went well. Kept apart for
 * answers of the host (`external`) and for failures to reach it (`local`), where the configuration splits them.
 */
export class OutlierMonitor {
  readonly #config: OutlierDetectionConfig;
  #consecutive5xx = 0;
  #consecutiveGateway = 0;
  #consecutiveLocal = 0;
  readonly external = new SuccessRate();
  readonly local = new SuccessRate();

  constructor(config: OutlierDetectionConfig) {
    this.#config = config;
  }

  /** An HTTP response of the host. Gives what it makes the host an outlier by, the gateway's failures first, as Envoy looks at them. */
  response(status: number): readonly EjectionCause[] {
    this.external.count(status < 500 || status > 599);
    if (status < 500 || status > 599) {
      this.#consecutive5xx = 0;
      this.#consecutiveGateway = 0;
      return none;
    }
    const causes: EjectionCause[] = [];
    if (status >= 502 && status <= 504) {
      this.#consecutiveGateway += 1;
      if (this.#consecutiveGateway === this.#config.consecutiveGatewayFailure) {
        causes.push("consecutive_gateway_failure");
      }
    } else this.#consecutiveGateway = 0;
    this.#consecutive5xx += 1;
    if (this.#consecutive5xx === this.#config.consecutive5xx) causes.push("consecutive_5xx");
    return causes;
  }

  /** A connection is there, over which more is to come: the protocol on it will tell how it went. */
  connected(): void {
    if (this.#config.splitsLocalOrigin) this.#localSuccess();
  }

  /** A connection is there, and nothing else will be told of it, as in TCP. */
  connectedFinally(): void {
    if (this.#config.splitsLocalOrigin) this.#localSuccess();
    else this.response(200);
  }

  /** The host could not be reached, or broke the exchange off; or did not answer in time, which is 504 where HTTP is spoken. */
  localFailure(status: number): readonly EjectionCause[] {
    if (!this.#config.splitsLocalOrigin) return this.response(status);
    this.local.count(false);
    this.#consecutiveLocal += 1;
    return this.#consecutiveLocal === this.#config.consecutiveLocalOriginFailure ? localOrigin : none;
  }

  /** Begins the row of failures of one kind anew, or of all kinds. */
  reset(cause?: EjectionCause): void {
    if (cause === undefined || cause === "consecutive_5xx") this.#consecutive5xx = 0;
    if (cause === undefined || cause === "consecutive_gateway_failure") this.#consecutiveGateway = 0;
    if (cause === undefined || cause === "consecutive_local_origin_failure") this.#consecutiveLocal = 0;
  }

  #localSuccess(): void {
    this.local.count(true);
    this.#consecutiveLocal = 0;
  }
}

const none: readonly EjectionCause[] = [];
const localOrigin: readonly EjectionCause[] = ["consecutive_local_origin_failure"];

/** How many of the requests of the last whole interval went well. */
class SuccessRate {
  #writing: Bucket = { successes: 0, total: 0 };
  #finished: Bucket = { successes: 0, total: 0 };
  /** In percent, as `/clusters` shows it; -1 while there were too few requests to say. */
  shown = -1;

  count(isSuccess: boolean): void {
    this.#writing.total += 1;
    if (isSuccess) this.#writing.successes += 1;
  }

  /** An interval is over. */
  turn(): void {
    const { successes, total } = this.#writing;
    this.#finished = { successes, total };
    this.#writing = { successes: 0, total: 0 };
    this.shown = -1;
  }

  /** In percent, with the number of requests; undefined when there was none. */
  get lastInterval(): { readonly percent: number; readonly volume: number } | undefined {
    const { successes, total } = this.#finished;
    return total === 0 ? undefined : { percent: (successes * 100) / total, volume: total };
  }
}
