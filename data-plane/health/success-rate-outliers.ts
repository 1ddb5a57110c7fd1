import type { EjectionCause, OutlierDetectionConfig } from "../resources/outlier-detection.ts";

/** A host's requests of the last interval. */
export interface HostRate<Host> {
  readonly host: Host;
  /** Requests that went well. */
  readonly percent: number;
  readonly volume: number;
}

/** Hosts that stand out from the others, or fail too much, in the order in which they are to be ejected. */
export interface RateOutliers<Host> {
  readonly outliers: readonly { readonly host: Host; readonly cause: EjectionCause }[];
  /** Mean and lower limit of the cluster's success rates, where there were enough hosts to tell; else -1 both. */
  readonly average: number;
  readonly threshold: number;
}

/**
 * Looks at the requests of an interval. `rates` are of the hosts that are not ejected and had any request; `hostCount` is of all
 * hosts. `isLocal`: it is about reaching hosts, not about their answers.
 */
export function rateOutliers<Host>(
  rates: readonly HostRate<Host>[],
  hostCount: number,
  { successRate, failurePercentage }: OutlierDetectionConfig,
  isLocal: boolean,
): RateOutliers<Host> {
  if (hostCount < successRate.minimumHosts && hostCount < failurePercentage.minimumHosts) return nobody;
  const outliers: { host: Host; cause: EjectionCause }[] = [];
  const compared = rates.filter(({ volume }) => volume >= successRate.requestVolume);
  const isCompared = compared.length > 0 && compared.length >= successRate.minimumHosts;
  const limits = isCompared ? limitsOf(compared, successRate.stdevFactor / 1000) : unknown;
  if (isCompared) {
    const cause = isLocal ? "local_origin_success_rate" : "success_rate";
    for (const { host, percent } of compared) {
      if (percent < limits.threshold) outliers.push({ host, cause });
    }
  }
  const judged = rates.filter(({ volume }) => volume >= failurePercentage.requestVolume);
  if (judged.length > 0 && judged.length >= failurePercentage.minimumHosts) {
    const cause = isLocal ? "local_origin_failure_percentage" : "failure_percentage";
    for (const { host, percent } of judged) {
      if (100 - percent >= failurePercentage.threshold) outliers.push({ host, cause });
    }
  }
  return { outliers, ...limits };
}

/** As many standard deviations below the mean as the factor says. */
function limitsOf(rates: readonly { readonly percent: number }[], factor: number) {
  const average = rates.reduce((sum, { percent }) => sum + percent, 0) / rates.length;
  const variance = rates.reduce((sum, { percent }) => sum + (percent - average) ** 2, 0) / rates.length;
  return { average, threshold: average - factor * Math.sqrt(variance) };
}

const unknown = { average: -1, threshold: -1 };
const nobody = { outliers: [], ...unknown };
