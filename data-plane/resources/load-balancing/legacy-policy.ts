import type { Cluster } from "../../../src/schema/api.ts";
import type { ParseContext } from "../extension.ts";
import type { Parsed } from "../parsed.ts";
import { parsed, refuse } from "../parsed.ts";
import type { SupportTable } from "../support.ts";
import { oneOf } from "../support.ts";
import { maglevPolicy, ringHashPolicy } from "./hash-policies.ts";
import { leastRequestPolicy, leastRequestSupport } from "./least-request.ts";
import type { LbPolicy, LoadBalancingConfig } from "./load-balancing-config.ts";
import { localitySettings, localitySupport, panicPercent } from "./locality-settings.ts";
import { subsetConfig, subsetSupport } from "./subset-config.ts";

/** The fields of a cluster that say how load is balanced, without `load_balancing_policy`. */
export const legacySupport: SupportTable = {
  lb_policy: oneOf(
    "ROUND_ROBIN",
    "LEAST_REQUEST",
    "RANDOM",
    "RING_HASH",
    "MAGLEV",
    "LOAD_BALANCING_POLICY_CONFIG",
    "CLUSTER_PROVIDED",
  ),
  common_lb_config: {
    ...localitySupport,
    healthy_panic_threshold: true,
    // Read with the health checks (cluster-health.ts).
    ignore_new_hosts_until_first_hc: true,
    consistent_hashing_lb_config: { use_hostname_for_hashing: true },
  },
  round_robin_lb_config: {},
  least_request_lb_config: leastRequestSupport,
  ring_hash_lb_config: { minimum_ring_size: true, maximum_ring_size: true, hash_function: true },
  maglev_lb_config: { table_size: true },
  lb_subset_config: subsetSupport,
};

/** `lb_policy`, with `common_lb_config` and the policy's own settings. */
export function parseLegacyPolicy(
  cluster: Cluster,
  context: ParseContext,
  at: string,
): Parsed<LoadBalancingConfig> {
  const common = cluster.common_lb_config;
  const policy = legacyPolicy(cluster, context, at);
  const type = cluster.type ?? "STATIC";
  const problems = [...policy.problems];
  if (common?.consistent_hashing_lb_config?.use_hostname_for_hashing && type !== "STRICT_DNS") {
    const text = `Cannot use hostname for consistent hashing loadbalancing for cluster of type: 'envoy.cluster.${type.toLowerCase()}'`;
    problems.push(
      refuse(`${at}common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing`, text),
    );
  }
  if (cluster.lb_policy === "CLUSTER_PROVIDED" && cluster.type !== "ORIGINAL_DST" && !cluster.cluster_type) {
    problems.push(refuse(`${at}lb_policy`, notProvidedText(cluster.name)));
  }
  const subsets = subsetConfig(cluster.lb_subset_config);
  if (subsets?.weighsLocalities && !common?.locality_weighted_lb_config) {
    problems.push(refuse(`${at}lb_subset_config.locality_weight_aware`, subsetLocalityText(cluster.name)));
  }
  if (!policy.value) return { problems };
  return parsed(
    {
      policy: policy.value,
      panicPercent: panicPercent(common?.healthy_panic_threshold),
      ...localitySettings(common),
      subsets,
    },
    problems,
  );
}

function notProvidedText(name = ""): string {
  return `cluster manager: cluster provided LB specified but cluster '${name}' did not provide one. Check cluster documentation.`;
}

function subsetLocalityText(name = ""): string {
  return `Locality weight aware subset LB requires that a locality_weighted_lb_config be set in ${name}`;
}

function legacyPolicy(cluster: Cluster, { runtime }: ParseContext, at: string): Parsed<LbPolicy> {
  const usesHostname =
    cluster.common_lb_config?.consistent_hashing_lb_config?.use_hostname_for_hashing ?? false;
  const ring = cluster.ring_hash_lb_config;
  switch (cluster.lb_policy) {
    case "LEAST_REQUEST":
      return parsed(leastRequestPolicy(cluster.least_request_lb_config, runtime), []);
    case "RANDOM":
      return parsed({ kind: "random" }, []);
    case "RING_HASH": {
      const isMurmur = ring?.hash_function === "MURMUR_HASH_2";
      return ringHashPolicy(ring, isMurmur, usesHostname, `${at}ring_hash_lb_config`);
    }
    case "MAGLEV":
      return maglevPolicy(cluster.maglev_lb_config, usesHostname, `${at}maglev_lb_config`);
    // Whatever else there is has been refused, or the cluster's own balancer stands in for it.
    case "ROUND_ROBIN":
    case "CLUSTER_PROVIDED":
    case "LOAD_BALANCING_POLICY_CONFIG":
    case undefined:
    default:
      return parsed({ kind: "round-robin" }, []);
  }
}
