import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCluster } from "../../../../data-plane/resources/cluster.ts";
import { message, parseContext, problemsOf, valueOf } from "../../parse-kit.ts";

const parse = (fields: string, runtime: Readonly<Record<string, number>> = {}) =>
  parseCluster(message("envoy.config.cluster.v3.Cluster", `{name: a, ${fields}}`), parseContext(runtime), "");
const read = (fields: string, runtime: Readonly<Record<string, number>> = {}) =>
  valueOf(parse(fields, runtime)).loadBalancing;

const typed = (...configs: readonly string[]) => {
  const policies = configs.map((config) => `{typed_extension_config: {name: p, typed_config: {${config}}}}`);
  return `load_balancing_policy: {policies: [${policies.join(", ")}]}`;
};
const extension = (name: string, fields = "") =>
  `"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.${name}${fields}`;

describe("load balancing of a cluster", () => {
  it("has Envoy's defaults", () => {
    assert.deepEqual(read("type: STATIC"), {
      policy: { kind: "round-robin" },
      panicPercent: 50,
      weighsLocalities: false,
      failsTrafficOnPanic: false,
      subsets: undefined,
    });
  });

  it("reads common_lb_config", () => {
    const fields =
      "common_lb_config: {healthy_panic_threshold: {value: 0.6}, locality_weighted_lb_config: {}}";
    const { panicPercent, weighsLocalities } = read(fields);
    assert.deepEqual([panicPercent, weighsLocalities], [1, true]);
    assert.equal(read("common_lb_config: {healthy_panic_threshold: {}}").panicPercent, 0);
    const zones = "common_lb_config: {zone_aware_lb_config: {fail_traffic_on_panic: true}}";
    assert.equal(read(zones).failsTrafficOnPanic, true);
  });

  const policies: readonly (readonly [legacy: string, extension: string, policy: object])[] = [
    ["lb_policy: RANDOM", extension("random.v3.Random"), { kind: "random" }],
    [
      "lb_policy: LEAST_REQUEST",
      extension("least_request.v3.LeastRequest"),
      { kind: "least-request", choiceCount: 2, activeRequestBias: 1, scansAll: false },
    ],
    [
      "lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 3, active_request_bias: {default_value: 0.5, runtime_key: k}}",
      extension(
        "least_request.v3.LeastRequest",
        ", choice_count: 3, active_request_bias: {default_value: 0.5, runtime_key: k}",
      ),
      { kind: "least-request", choiceCount: 3, activeRequestBias: 0.5, scansAll: false },
    ],
    [
      "lb_policy: RING_HASH",
      extension("ring_hash.v3.RingHash"),
      {
        kind: "ring-hash",
        minimumSize: 1024,
        maximumSize: 8_388_608,
        hashFunction: "XX_HASH",
        usesHostname: false,
      },
    ],
    [
      "type: STRICT_DNS, lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 2, maximum_ring_size: 3, hash_function: MURMUR_HASH_2}, common_lb_config: {consistent_hashing_lb_config: {use_hostname_for_hashing: true}}",
      extension(
        "ring_hash.v3.RingHash",
        ", minimum_ring_size: 2, maximum_ring_size: 3, hash_function: MURMUR_HASH_2, consistent_hashing_lb_config: {use_hostname_for_hashing: true}",
      ),
      {
        kind: "ring-hash",
        minimumSize: 2,
        maximumSize: 3,
        hashFunction: "MURMUR_HASH_2",
        usesHostname: true,
      },
    ],
    [
      "lb_policy: MAGLEV",
      extension("maglev.v3.Maglev"),
      { kind: "maglev", tableSize: 65_537, usesHostname: false },
    ],
    [
      "lb_policy: MAGLEV, maglev_lb_config: {table_size: 31}",
      extension("maglev.v3.Maglev", ", table_size: 31"),
      { kind: "maglev", tableSize: 31, usesHostname: false },
    ],
  ];
  for (const [legacy, config, policy] of policies) {
    it(`reads ${legacy}, and the same as an extension`, () => {
      assert.deepEqual(read(legacy).policy, policy);
      assert.deepEqual(read(typed(config)).policy, policy);
    });
  }

  it("lets the runtime set the bias of LEAST_REQUEST", () => {
    const fields =
      "lb_policy: LEAST_REQUEST, least_request_lb_config: {active_request_bias: {default_value: 1, runtime_key: k}}";
    const { policy } = read(fields, { k: 2 });
    assert.equal(policy.kind === "least-request" && policy.activeRequestBias, 2);
  });

  it("scans all hosts where LEAST_REQUEST says so", () => {
    const { policy } = read(
      typed(extension("least_request.v3.LeastRequest", ", selection_method: FULL_SCAN")),
    );
    assert.equal(policy.kind === "least-request" && policy.scansAll, true);
  });

  it("takes localities of an extension, and the panic threshold of the cluster", () => {
    const config = extension(
      "round_robin.v3.RoundRobin",
      ", locality_lb_config: {locality_weighted_lb_config: {}}",
    );
    const found = read(`${typed(config)}, common_lb_config: {healthy_panic_threshold: {value: 7}}`);
    assert.deepEqual([found.weighsLocalities, found.panicPercent], [true, 7]);
  });

  it("passes over policies that Envoy does not have", () => {
    const foreign = extension("pick_first.v3.PickFirst");
    assert.equal(read(typed(foreign, extension("random.v3.Random"))).policy.kind, "random");
  });

  it("reads subsets, in both forms", () => {
    const fields =
      "fallback_policy: DEFAULT_SUBSET, default_subset: {v: 1}, list_as_any: true, subset_selectors: [{keys: [b, a], fallback_policy: KEYS_SUBSET, fallback_keys_subset: [a]}]";
    const expected = {
      fallback: "default",
      defaultSubset: { v: 1 },
      selectors: [{ keys: ["a", "b"], fallback: { keys: ["a"] } }],
      weighsLocalities: false,
      scalesLocalityWeight: false,
      usesAnyInPanic: false,
      takesListAsAny: true,
      allowsRedundantKeys: false,
    };
    assert.deepEqual(read(`lb_subset_config: {${fields}}`).subsets, expected);
    const inner = `subset_lb_policy: {policies: [{typed_extension_config: {name: i, typed_config: {${extension("random.v3.Random")}}}}]}`;
    const found = read(
      typed(extension("subset.v3.Subset", `, ${fields}, allow_redundant_keys: true, ${inner}`)),
    );
    assert.deepEqual(found.subsets, { ...expected, allowsRedundantKeys: true });
    assert.equal(found.policy.kind, "random");
    // Without selectors there are none.
    assert.equal(read("lb_subset_config: {fallback_policy: ANY_ENDPOINT}").subsets, undefined);
  });

  const refusals: readonly (readonly [fields: string, ...problems: readonly string[]])[] = [
    [
      "lb_subset_config: {subset_selectors: [{keys: [a], single_host_per_subset: true}], metadata_fallback_policy: FALLBACK_LIST}",
      "lb_subset_config.subset_selectors[0].single_host_per_subset: true is not supported by the bundled data plane",
      "lb_subset_config.metadata_fallback_policy: FALLBACK_LIST is not supported by the bundled data plane",
    ],
    [
      "lb_subset_config: {subset_selectors: [{keys: [a]}], locality_weight_aware: true}",
      "lb_subset_config.locality_weight_aware: Locality weight aware subset LB requires that a locality_weighted_lb_config be set in a",
    ],
    [
      typed(extension("wrr_locality.v3.WrrLocality")),
      "load_balancing_policy.policies[0].typed_extension_config.typed_config: envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality is not supported by the bundled data plane",
    ],
    [
      typed(extension("pick_first.v3.PickFirst")),
      "load_balancing_policy: cluster: didn't find a registered load balancer factory implementation for cluster: [p]",
    ],
    [
      typed(extension("round_robin.v3.RoundRobin", ", slow_start_config: {}")),
      "load_balancing_policy.policies[0].typed_extension_config.typed_config.slow_start_config: not supported by the bundled data plane",
    ],
    [
      "lb_policy: LEAST_REQUEST, least_request_lb_config: {slow_start_config: {}}",
      "least_request_lb_config.slow_start_config: not supported by the bundled data plane",
    ],
    ["lb_policy: LOAD_BALANCING_POLICY_CONFIG", "cluster: field load_balancing_policy need to be set"],
    [
      `${typed(extension("random.v3.Random"))}, common_lb_config: {locality_weighted_lb_config: {}}`,
      "common_lb_config: cluster: load_balancing_policy cannot be combined with partial fields (zone_aware_lb_config, locality_weighted_lb_config, consistent_hashing_lb_config) of common_lb_config",
    ],
    [
      "lb_policy: MAGLEV, maglev_lb_config: {table_size: 32}",
      "maglev_lb_config: The table size of maglev must be prime number",
    ],
    [
      "lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 9, maximum_ring_size: 8}",
      "ring_hash_lb_config: ring hash: minimum_ring_size (9) > maximum_ring_size (8)",
    ],
    [
      "lb_policy: RING_HASH, common_lb_config: {consistent_hashing_lb_config: {use_hostname_for_hashing: true}}",
      "common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing: Cannot use hostname for consistent hashing loadbalancing for cluster of type: 'envoy.cluster.static'",
    ],
  ];
  for (const [fields, ...problems] of refusals) {
    it(`refuses ${fields.replace(/type\.googleapis\.com\/[a-z_.]*policies\./, "")}`, () =>
      assert.deepEqual(problemsOf(parse(fields)), problems));
  }
});
