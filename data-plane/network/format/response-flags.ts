/** `%RESPONSE_FLAGS%` and `%RESPONSE_FLAGS_LONG%`: what went wrong with a request or connection, in Envoy's order. */
export const responseFlags = {
  LH: "FailedLocalHealthCheck",
  UH: "NoHealthyUpstream",
  UT: "UpstreamRequestTimeout",
  LR: "LocalReset",
  UR: "UpstreamRemoteReset",
  UF: "UpstreamConnectionFailure",
  UC: "UpstreamConnectionTermination",
  UO: "UpstreamOverflow",
  NR: "NoRouteFound",
  DI: "DelayInjected",
  FI: "FaultInjected",
  RL: "RateLimited",
  UAEX: "UnauthorizedExternalService",
  RLSE: "RateLimitServiceError",
  DC: "DownstreamConnectionTermination",
  URX: "UpstreamRetryLimitExceeded",
  SI: "StreamIdleTimeout",
  IH: "InvalidEnvoyRequestHeaders",
  DPE: "DownstreamProtocolError",
  UMSDR: "UpstreamMaxStreamDurationReached",
  RFCF: "ResponseFromCacheFilter",
  NFCF: "NoFilterConfigFound",
  DT: "DurationTimeout",
  UPE: "UpstreamProtocolError",
  NC: "NoClusterFound",
  OM: "OverloadManagerTerminated",
  DF: "DnsResolutionFailed",
  DO: "DropOverload",
  DR: "DownstreamRemoteReset",
  UDO: "UnconditionalDropOverload",
} as const;

export type ResponseFlag = keyof typeof responseFlags;

const order: readonly string[] = Object.keys(responseFlags);

/** The flags as a log shows them: `-` for none. */
export function flagsText(flags: readonly string[], isLong: boolean): string {
  if (flags.length === 0) return "-";
  const sorted =
    flags.length === 1 ? flags : [...new Set(flags)].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return isLong ? sorted.map(longForm).join(",") : sorted.join(",");
}

function longForm(flag: string): string {
  return isResponseFlag(flag) ? responseFlags[flag] : flag;
}

function isResponseFlag(flag: string): flag is ResponseFlag {
  return Object.hasOwn(responseFlags, flag);
}
