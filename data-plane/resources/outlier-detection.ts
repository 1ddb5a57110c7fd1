import type { MessageTypes } from "../../src/schema/api.ts";
import type { ParseContext } from "./extension.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { unsupportedFields } from "./support.ts";
import { durationMs, wrapped } from "./values.ts";

/** Passive health checks: `envoy.config.cluster.v3.OutlierDetection`, a runtime key of `outlier_detection.` in place of each field. */
export interface OutlierDetectionConfig {
  /** Between two looks at all hosts. 10 s when unset. */
  readonly intervalMs: number;
  /** 30 s when unset. */
  readonly baseEjectionMs: number;
  /** 5 min when unset, or the base if that is longer. */
  readonly maxEjectionMs: number;
  readonly maxEjectionJitterMs: number;
  /** Of all hosts. 10 when unset. */
  readonly maxEjectionPercent: number;
  /** One host may go even when it alone is more than `maxEjectionPercent`. */
  readonly alwaysEjectsOneHost: boolean;
  /** Failures in a row; 5 of each when unset. */
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly consecutiveLocalOriginFailure: number;
  /** Failures to reach a host are counted by themselves, instead of as 503 and 504. */
  readonly splitsLocalOrigin: boolean;
  readonly successRate: {
    readonly minimumHosts: number;
    readonly requestVolume: number;
    /** In thousandths of a standard deviation. */
    readonly stdevFactor: number;
  };
  readonly failurePercentage: {
    readonly threshold: number;
    readonly minimumHosts: number;
    readonly requestVolume: number;
  };
  /** How often, in percent, what is detected ejects the host too. */
  readonly enforcing: Readonly<Record<EjectionCause, number>>;
  /** A passed active check brings the host back. True when unset. */
  readonly isUnejectedByCheck: boolean;
}

/** What a host is ejected for: `envoy.data.cluster.v3.OutlierEjectionType`, in the words of the statistics. */
export type EjectionCause =
  | "consecutive_5xx"
  | "consecutive_gateway_failure"
  | "consecutive_local_origin_failure"
  | "success_rate"
  | "local_origin_success_rate"
  | "failure_percentage"
  | "local_origin_failure_percentage";

/** All but `monitors` and `detect_degraded_hosts`. */
const support: SupportTable = {
  consecutive_5xx: true,
  interval: true,
  base_ejection_time: true,
  max_ejection_percent: true,
  enforcing_consecutive_5xx: true,
  enforcing_success_rate: true,
  success_rate_minimum_hosts: true,
  success_rate_request_volume: true,
  success_rate_stdev_factor: true,
  consecutive_gateway_failure: true,
  enforcing_consecutive_gateway_failure: true,
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: true,
  enforcing_consecutive_local_origin_failure: true,
  enforcing_local_origin_success_rate: true,
  failure_percentage_threshold: true,
  enforcing_failure_percentage: true,
  enforcing_failure_percentage_local_origin: true,
  failure_percentage_minimum_hosts: true,
  failure_percentage_request_volume: true,
  max_ejection_time: true,
  max_ejection_time_jitter: true,
  successful_active_health_check_uneject_host: true,
  always_eject_one_host: true,
};

const DEFAULT_BASE_EJECTION_MS = 30_000;
const DEFAULT_MAX_EJECTION_MS = 300_000;

/** The `outlier_detection` of a cluster; undefined when it is not set. What the runtime may say is looked up at each use (XC-49). */
export function parseOutlierDetection(
  message: MessageTypes["envoy.config.cluster.v3.OutlierDetection"] | null | undefined,
  { runtime }: ParseContext,
  path: string,
): Parsed<OutlierDetectionConfig | undefined> {
  if (!message) return { value: undefined, problems: [] };
  const problems = [...unsupportedFields(message, support, path)];
  const setting = (key: string, field: { readonly value?: number } | null | undefined, fallback: number) =>
    runtime.integer(`outlier_detection.${key}`, wrapped(field, 0, fallback));
  const ownBaseMs = durationMs(message.base_ejection_time, DEFAULT_BASE_EJECTION_MS);
  const ownMaxMs = durationMs(message.max_ejection_time, Math.max(DEFAULT_MAX_EJECTION_MS, ownBaseMs));
  if (ownMaxMs < ownBaseMs) {
    const reason = "outlier detector's max_ejection_time cannot be smaller than base_ejection_time";
    problems.push(refuse(`${path}.max_ejection_time`, reason));
  }
  const time = (key: string, ms: number) => runtime.integer(`outlier_detection.${key}_ms`, ms);
  return parsed(
    {
      get intervalMs() {
        return time("interval", durationMs(message.interval, 10_000));
      },
      get baseEjectionMs() {
        return time("base_ejection_time", ownBaseMs);
      },
      get maxEjectionMs() {
        return time("max_ejection_time", ownMaxMs);
      },
      get maxEjectionJitterMs() {
        return time("max_ejection_time_jitter", durationMs(message.max_ejection_time_jitter, 0));
      },
      get maxEjectionPercent() {
        return Math.min(100, setting("max_ejection_percent", message.max_ejection_percent, 10));
      },
      alwaysEjectsOneHost: wrapped(message.always_eject_one_host, false, false),
      get consecutive5xx() {
        return setting("consecutive_5xx", message.consecutive_5xx, 5);
      },
      get consecutiveGatewayFailure() {
        return setting("consecutive_gateway_failure", message.consecutive_gateway_failure, 5);
      },
      get consecutiveLocalOriginFailure() {
        return setting("consecutive_local_origin_failure", message.consecutive_local_origin_failure, 5);
      },
      splitsLocalOrigin: message.split_external_local_origin_errors ?? false,
      successRate: {
        get minimumHosts() {
          return setting("success_rate_minimum_hosts", message.success_rate_minimum_hosts, 5);
        },
        get requestVolume() {
          return setting("success_rate_request_volume", message.success_rate_request_volume, 100);
        },
        get stdevFactor() {
          return setting("success_rate_stdev_factor", message.success_rate_stdev_factor, 1900);
        },
      },
      failurePercentage: {
        get threshold() {
          return setting("failure_percentage_threshold", message.failure_percentage_threshold, 85);
        },
        get minimumHosts() {
          return setting("failure_percentage_minimum_hosts", message.failure_percentage_minimum_hosts, 5);
        },
        get requestVolume() {
          return setting("failure_percentage_request_volume", message.failure_percentage_request_volume, 50);
        },
      },
      enforcing: enforcing(message, setting),
      isUnejectedByCheck: wrapped(message.successful_active_health_check_uneject_host, false, true),
    },
    problems,
  );
}

function enforcing(
  message: MessageTypes["envoy.config.cluster.v3.OutlierDetection"],
  setting: (key: string, field: { readonly value?: number } | null | undefined, fallback: number) => number,
): OutlierDetectionConfig["enforcing"] {
  return {
    get consecutive_5xx() {
      return setting("enforcing_consecutive_5xx", message.enforcing_consecutive_5xx, 100);
    },
    get consecutive_gateway_failure() {
      return setting(
        "enforcing_consecutive_gateway_failure",
        message.enforcing_consecutive_gateway_failure,
        0,
      );
    },
    get consecutive_local_origin_failure() {
      return setting(
        "enforcing_consecutive_local_origin_failure",
        message.enforcing_consecutive_local_origin_failure,
        100,
      );
    },
    get success_rate() {
      return setting("enforcing_success_rate", message.enforcing_success_rate, 100);
    },
    get local_origin_success_rate() {
      return setting("enforcing_local_origin_success_rate", message.enforcing_local_origin_success_rate, 100);
    },
    get failure_percentage() {
      return setting("enforcing_failure_percentage", message.enforcing_failure_percentage, 0);
    },
    get local_origin_failure_percentage() {
      return setting(
        "enforcing_failure_percentage_local_origin",
        message.enforcing_failure_percentage_local_origin,
        0,
      );
    },
  };
}
