import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Message } from "../../../src/schema/message.ts";
import { typeNameOf } from "../../../src/schema/type-urls.ts";
import type { ParseContext } from "../extension.ts";
import { asType } from "../message-type.ts";
import type { Parsed } from "../parsed.ts";
import { parsed, refuse } from "../parsed.ts";
import type { SupportTable } from "../support.ts";
import { notSupported, unsupportedFields } from "../support.ts";
import { unpack } from "../typed-config.ts";
import { maglevPolicy, ringHashPolicy } from "./hash-policies.ts";
import { leastRequestPolicy, leastRequestSupport } from "./least-request.ts";
import type { LbPolicy, LoadBalancingConfig } from "./load-balancing-config.ts";
import { localitySettings, localitySupport } from "./locality-settings.ts";
import { subsetConfig, subsetSupport } from "./subset-config.ts";

/** What an extension of load balancing says; the panic threshold stays a field of the cluster. */
export type TypedLoadBalancing = Omit<LoadBalancingConfig, "panicPercent">;

type Reader = (message: Message, context: ParseContext, path: string) => Parsed<TypedLoadBalancing>;

const PREFIX = "envoy.extensions.load_balancing_policies.";
const SUBSET = "envoy.extensions.load_balancing_policies.subset.v3.Subset";
const hashingSupport: SupportTable = {
  use_hostname_for_hashing: true,
  consistent_hashing_lb_config: { use_hostname_for_hashing: true },
  locality_weighted_lb_config: true,
};

/** The policies by the name of their message. */
const readers: Readonly<Record<string, Reader>> = {
  [`${PREFIX}round_robin.v3.RoundRobin`]: (message, _context, path) => {
    const config = asType("envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin", message);
    const problems = unsupportedFields(message, { locality_lb_config: localitySupport }, path);
    const policy: LbPolicy = { kind: "round-robin" };
    return parsed({ policy, ...localitySettings(config.locality_lb_config), subsets: undefined }, problems);
  },
  [`${PREFIX}random.v3.Random`]: (message, _context, path) => {
    const config = asType("envoy.extensions.load_balancing_policies.random.v3.Random", message);
    const problems = unsupportedFields(message, { locality_lb_config: localitySupport }, path);
    const policy: LbPolicy = { kind: "random" };
    return parsed({ policy, ...localitySettings(config.locality_lb_config), subsets: undefined }, problems);
  },
  [`${PREFIX}least_request.v3.LeastRequest`]: (message, { runtime }, path) => {
    const config = asType("envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest", message);
    const support = { ...leastRequestSupport, locality_lb_config: localitySupport };
    return parsed(
      {
        policy: leastRequestPolicy(config, runtime),
        ...localitySettings(config.locality_lb_config),
        subsets: undefined,
      },
      unsupportedFields(message, support, path),
    );
  },
  [`${PREFIX}ring_hash.v3.RingHash`]: (message, _context, path) => {
    const config = asType("envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash", message);
    const common = config.consistent_hashing_lb_config;
    const usesHostname = common ? common.use_hostname_for_hashing : config.use_hostname_for_hashing;
    const isMurmur = config.hash_function === "MURMUR_HASH_2";
    const policy = ringHashPolicy(config, isMurmur, usesHostname ?? false, path);
    const support: SupportTable = {
      ...hashingSupport,
      minimum_ring_size: true,
      maximum_ring_size: true,
      hash_function: true,
    };
    return hashing(policy, config, unsupportedFields(message, support, path));
  },
  [`${PREFIX}maglev.v3.Maglev`]: (message, _context, path) => {
    const config = asType("envoy.extensions.load_balancing_policies.maglev.v3.Maglev", message);
    const usesHostname = config.consistent_hashing_lb_config?.use_hostname_for_hashing ?? false;
    const policy = maglevPolicy(config, usesHostname, path);
    return hashing(policy, config, unsupportedFields(message, { ...hashingSupport, table_size: true }, path));
  },
};

/** `subset`: the policy inside of subsets is a list of its own, with the localities that it says. */
function readSubset(message: Message, context: ParseContext, path: string): Parsed<TypedLoadBalancing> {
  const config = asType(SUBSET, message);
  const support = { ...subsetSupport, allow_redundant_keys: true, subset_lb_policy: true } as const;
  const inner = parseTypedPolicy(config.subset_lb_policy ?? {}, context, `${path}.subset_lb_policy`);
  const problems = [...unsupportedFields(message, support, path), ...inner.problems];
  return inner.value ? parsed({ ...inner.value, subsets: subsetConfig(config) }, problems) : { problems };
}

function hashing(
  policy: Parsed<LbPolicy>,
  locality: Parameters<typeof localitySettings>[0],
  problems: Parsed<LbPolicy>["problems"],
): Parsed<TypedLoadBalancing> {
  const all = [...policy.problems, ...problems];
  return policy.value
    ? parsed({ policy: policy.value, ...localitySettings(locality), subsets: undefined }, all)
    : { problems: all };
}

/**
 * The first policy of a `LoadBalancingPolicy` that Envoy has: unknown types are passed over, as in Envoy; one that Envoy has and this
 * data plane does not is refused instead of taking the next.
 */
export function parseTypedPolicy(
  list: MessageTypes["envoy.config.cluster.v3.LoadBalancingPolicy"],
  context: ParseContext,
  path: string,
): Parsed<TypedLoadBalancing> {
  const names: string[] = [];
  for (const [index, { typed_extension_config: extension }] of (list.policies ?? []).entries()) {
    const typeName = typeNameOf(extension?.typed_config?.type_url ?? "");
    const at = `${path}.policies[${index}].typed_extension_config.typed_config`;
    const read = typeName === SUBSET ? readSubset : readers[typeName];
    if (read) {
      const message = unpack(extension?.typed_config ?? {}, typeName, context, at);
      return message.value ? read(message.value, context, at) : { problems: message.problems };
    }
    if (isEnvoys(typeName)) return { problems: [notSupported(at, typeName)] };
    names.push(extension?.name ?? "");
  }
  const text = `cluster: didn't find a registered load balancer factory implementation for cluster: [${names.join(", ")}]`;
  return { problems: [refuse(path, text)] };
}

/** Policies of Envoy's API that are for gRPC only: Envoy 1.40 has none of them. */
const foreign = [`${PREFIX}pick_first.`, `${PREFIX}random_subsetting.`];

function isEnvoys(typeName: string): boolean {
  return typeName.startsWith(PREFIX) && !foreign.some((prefix) => typeName.startsWith(prefix));
}
