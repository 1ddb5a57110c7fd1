import type { Cluster } from "../../../src/schema/api.ts";
import type { ParseContext } from "../extension.ts";
import type { Parsed } from "../parsed.ts";
import { parsed, refuse } from "../parsed.ts";
import type { SupportTable } from "../support.ts";
import { legacySupport, parseLegacyPolicy } from "./legacy-policy.ts";
import type { LoadBalancingConfig } from "./load-balancing-config.ts";
import { panicPercent } from "./locality-settings.ts";
import { parseTypedPolicy } from "./typed-policy.ts";

/** The fields of a cluster that say how load is balanced. */
export const loadBalancingSupport: SupportTable = { ...legacySupport, load_balancing_policy: true };

/** How load is balanced, from `load_balancing_policy` or from `lb_policy` and what belongs to it. */
export function parseLoadBalancing(
  cluster: Cluster,
  context: ParseContext,
  at: string,
): Parsed<LoadBalancingConfig> {
  const list = cluster.load_balancing_policy;
  if (!list) {
    if (cluster.lb_policy !== "LOAD_BALANCING_POLICY_CONFIG") return parseLegacyPolicy(cluster, context, at);
    return { problems: [refuse(at, "cluster: field load_balancing_policy need to be set")] };
  }
  const typed = parseTypedPolicy(list, context, `${at}load_balancing_policy`);
  const problems = [...typed.problems, ...contradictions(cluster, at)];
  if (!typed.value) return { problems };
  const percent = panicPercent(cluster.common_lb_config?.healthy_panic_threshold);
  return parsed({ ...typed.value, panicPercent: percent }, problems);
}

function contradictions(cluster: Cluster, at: string): Parsed<LoadBalancingConfig>["problems"] {
  const text = "cluster: load_balancing_policy cannot be combined with";
  const common = cluster.common_lb_config;
  const partial =
    common?.zone_aware_lb_config ??
    common?.locality_weighted_lb_config ??
    common?.consistent_hashing_lb_config;
  const fields = "(zone_aware_lb_config, locality_weighted_lb_config, consistent_hashing_lb_config)";
  return [
    ...(cluster.lb_subset_config ? [refuse(`${at}lb_subset_config`, `${text} lb_subset_config`)] : []),
    ...(partial
      ? [refuse(`${at}common_lb_config`, `${text} partial fields ${fields} of common_lb_config`)]
      : []),
  ];
}
