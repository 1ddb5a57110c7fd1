import type { Problem } from "../../src/base/problem.ts";
import type { Cluster } from "../../src/schema/api.ts";
import type { ParseContext } from "./extension.ts";
import { type HealthCheckConfig, parseHealthChecks } from "./health-check.ts";
import { type OutlierDetectionConfig, parseOutlierDetection } from "./outlier-detection.ts";
import type { Parsed } from "./parsed.ts";
import { parsed } from "./parsed.ts";
import type { SupportTable } from "./support.ts";

/** How a cluster finds out which of its hosts are fit, beside what EDS says of them. */
export interface ClusterHealthConfig {
  readonly check: HealthCheckConfig | undefined;
  readonly outliers: OutlierDetectionConfig | undefined;
  /** `ignore_new_hosts_until_first_hc`: a host counts for nothing before its first check. */
  readonly ignoresUncheckedHosts: boolean;
  /** A host that passes its checks stays when discovery drops it; off with `ignore_health_on_host_removal`. */
  readonly keepsPassingHosts: boolean;
  /** `close_connections_on_host_health_failure`: TCP connections to a host end when it fails. */
  readonly closesConnectionsOnFailure: boolean;
}

/** The fields of a cluster that are about health; what is inside is looked at where they are read. */
export const clusterHealthSupport: SupportTable = {
  health_checks: true,
  outlier_detection: true,
  ignore_health_on_host_removal: true,
  close_connections_on_host_health_failure: true,
};

/** `isHttp2`: requests to the cluster go over HTTP/2. */
export function parseClusterHealth(
  cluster: Cluster,
  isHttp2: boolean,
  context: ParseContext,
  at: string,
): Parsed<ClusterHealthConfig> {
  const check = parseHealthChecks(cluster, isHttp2, context, at);
  const outliers = parseOutlierDetection(cluster.outlier_detection, context, `${at}outlier_detection`);
  const problems: Problem[] = [...check.problems, ...outliers.problems];
  return parsed(
    {
      check: check.value,
      outliers: outliers.value,
      ignoresUncheckedHosts: cluster.common_lb_config?.ignore_new_hosts_until_first_hc ?? false,
      keepsPassingHosts: check.value !== undefined && !(cluster.ignore_health_on_host_removal ?? false),
      closesConnectionsOnFailure: cluster.close_connections_on_host_health_failure ?? false,
    },
    problems,
  );
}
