import type { RouteAction as RouteActionMessage } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import { parseRetryPolicy, retryPolicySupport } from "../forward/retry-policy.ts";
import { withinWhole } from "../forward/timeouts.ts";
import { refuse } from "../../resources/parsed.ts";
import { regexRewriteSupport } from "../../resources/regex-rewrite.ts";
import type { SupportTable } from "../../resources/support.ts";
import { noEffect, oneOf } from "../../resources/support.ts";
import { durationMs, wrapped } from "../../resources/values.ts";
import { readUpgrades } from "../upgrades.ts";
import { clusterChoice } from "./cluster-choice.ts";
import { hashPolicySupport, requestHash } from "./hash-policy.ts";
import type { HostDefaults } from "./host-defaults.ts";
import { parseRewrite } from "./rewrite.ts";
import type { Forwarding } from "./route.ts";
import { weightedEntrySupport } from "./weighted-entries.ts";

export const forwardSupport: SupportTable = {
  cluster: true,
  cluster_header: true,
  weighted_clusters: { clusters: weightedEntrySupport, total_weight: noEffect },
  timeout: true,
  idle_timeout: true,
  max_stream_duration: { max_stream_duration: true },
  prefix_rewrite: true,
  regex_rewrite: regexRewriteSupport,
  host_rewrite_literal: true,
  host_rewrite_header: true,
  host_rewrite_path_regex: regexRewriteSupport,
  auto_host_rewrite: true,
  append_x_forwarded_host: true,
  cluster_not_found_response_code: oneOf("SERVICE_UNAVAILABLE", "NOT_FOUND", "INTERNAL_SERVER_ERROR"),
  priority: oneOf("DEFAULT", "HIGH"),
  hash_policy: hashPolicySupport,
  metadata_match: true,
  retry_policy: retryPolicySupport,
  upgrade_configs: { upgrade_type: true, enabled: true, connect_config: {} },
};

/** A cluster that a route names, and where. */
export interface NamedCluster {
  readonly name: string;
  readonly path: string;
  readonly isWeighted: boolean;
}

const missingClusterStatuses: Readonly<Record<string, number>> = {
  SERVICE_UNAVAILABLE: 503,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
};

/** `envoy.config.route.v3.RouteAction`. `matched` is what the route matched of the path. */
export function parseForward(
  route: RouteActionMessage,
  matched: string,
  around: HostDefaults,
  path: string,
  clusters: NamedCluster[],
  problems: Problem[],
): Forwarding {
  checkClusters(route, path, clusters, problems);
  const retryPolicy = route.retry_policy
    ? parseRetryPolicy(route.retry_policy, `${path}.retry_policy`, problems)
    : around.retryPolicy;
  const duration = route.max_stream_duration;
  return {
    kind: "forward",
    choose: clusterChoice(route),
    hashOf: requestHash(route.hash_policy),
    priority: route.priority === "HIGH" ? "high" : "default",
    timeouts: withinWhole({
      // A route that limits the whole stream has no timeout of the older kind.
      answerMs: duration ? 0 : durationMs(route.timeout, 15_000),
      perTryMs: retryPolicy?.perTryTimeoutMs ?? 0,
      perTryIdleMs: retryPolicy?.perTryIdleTimeoutMs ?? 0,
      status: 504,
    }),
    upgrades: readUpgrades(route.upgrade_configs),
    endsConnect: route.upgrade_configs?.some(({ connect_config: config }) => config) ?? false,
    retryPolicy,
    attemptCount: around.attemptCount,
    bufferLimitBytes: around.bufferLimitBytes,
    ...(route.idle_timeout && { idleTimeoutMs: durationMs(route.idle_timeout, 0) }),
    ...(duration?.max_stream_duration && { durationMs: durationMs(duration.max_stream_duration, 0) }),
    missingClusterStatus:
      missingClusterStatuses[route.cluster_not_found_response_code ?? "SERVICE_UNAVAILABLE"] ?? 503,
    rewrite: parseRewrite(route, matched, path, problems),
    hostName: wrapped(route.auto_host_rewrite, false, false)
      ? { forwards: route.append_x_forwarded_host ?? false }
      : undefined,
  };
}

function checkClusters(
  route: RouteActionMessage,
  path: string,
  clusters: NamedCluster[],
  problems: Problem[],
): void {
  const weighted = route.weighted_clusters?.clusters ?? [];
  const name = route.cluster ?? "";
  if (weighted.length === 0 && name === "" && !route.cluster_header) {
    problems.push(refuse(`${path}.cluster`, "value is required"));
  }
  if (name !== "") clusters.push({ name, path: `${path}.cluster`, isWeighted: false });
  for (const [index, one] of weighted.entries()) {
    const where = `${path}.weighted_clusters.clusters[${index}].name`;
    clusters.push({ name: one.name ?? "", path: where, isWeighted: true });
  }
  if (weighted.length > 0 && weighted.every(({ weight }) => wrapped(weight, 0, 0) === 0)) {
    const rule = "Sum of weights in the weighted_cluster must be greater than 0.";
    problems.push(refuse(`${path}.weighted_clusters`, rule));
  }
}
