import type { MessageTypes } from "../../../src/schema/api.ts";
import type { MetadataValue } from "../../network/connection-info.ts";
import { structFields } from "../struct-fields.ts";
import type { SupportTable } from "../support.ts";
import { oneOf } from "../support.ts";

/** Who serves when no subset has what is asked for. */
export type SubsetFallback = "none" | "any" | "default";

export interface SubsetSelector {
  /** Sorted. Each combination of values of these that a host has makes a subset. */
  readonly keys: readonly string[];
  /** Instead of the fallback of the whole; `keys`: look again with these keys of what was asked for. */
  readonly fallback: SubsetFallback | { readonly keys: readonly string[] } | undefined;
}

/** `lb_subset_config`, in both its forms. */
export interface SubsetConfig {
  readonly fallback: SubsetFallback;
  /** Fields of `envoy.lb` of the hosts that the fallback `default` takes. */
  readonly defaultSubset: Readonly<Record<string, MetadataValue>>;
  readonly selectors: readonly SubsetSelector[];
  /** Weights of localities count inside of subsets. */
  readonly weighsLocalities: boolean;
  /** They shrink with the share of the locality's hosts that the subset has. */
  readonly scalesLocalityWeight: boolean;
  /** Where the fallback has nobody, all hosts serve. */
  readonly usesAnyInPanic: boolean;
  /** A host whose field is a list is in the subset of each of its values. */
  readonly takesListAsAny: boolean;
  /** What is asked for beyond the keys of a selector is passed over. */
  readonly allowsRedundantKeys: boolean;
}

/** Fields of the legacy form; those of the extension are the same and `allow_redundant_keys`. */
export const subsetSupport: SupportTable = {
  fallback_policy: oneOf("NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"),
  default_subset: true,
  subset_selectors: {
    keys: true,
    fallback_policy: oneOf("NOT_DEFINED", "NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET", "KEYS_SUBSET"),
    fallback_keys_subset: true,
    single_host_per_subset: oneOf(false),
  },
  locality_weight_aware: true,
  scale_locality_weight: true,
  panic_mode_any: true,
  list_as_any: true,
  metadata_fallback_policy: oneOf("METADATA_NO_FALLBACK"),
};

type LegacyForm = MessageTypes["envoy.config.cluster.v3.Cluster.LbSubsetConfig"];
type TypedForm = MessageTypes["envoy.extensions.load_balancing_policies.subset.v3.Subset"];

/** Reads either form. Without selectors there are no subsets. */
export function subsetConfig(form: LegacyForm | TypedForm | null | undefined): SubsetConfig | undefined {
  const selectors = form?.subset_selectors ?? [];
  if (!form || selectors.length === 0) return undefined;
  return {
    fallback: fallbackOf(form.fallback_policy) ?? "none",
    defaultSubset: structFields(form.default_subset),
    selectors: selectors.map((selector) => ({
      keys: sortedKeys(selector.keys),
      fallback:
        selector.fallback_policy === "KEYS_SUBSET"
          ? { keys: sortedKeys(selector.fallback_keys_subset) }
          : fallbackOf(selector.fallback_policy),
    })),
    weighsLocalities: form.locality_weight_aware ?? false,
    scalesLocalityWeight: form.scale_locality_weight ?? false,
    usesAnyInPanic: form.panic_mode_any ?? false,
    takesListAsAny: form.list_as_any ?? false,
    allowsRedundantKeys: "allow_redundant_keys" in form && form.allow_redundant_keys,
  };
}

function fallbackOf(policy: string | number | undefined): SubsetFallback | undefined {
  switch (policy) {
    case "NO_FALLBACK":
      return "none";
    case "ANY_ENDPOINT":
      return "any";
    case "DEFAULT_SUBSET":
      return "default";
    case undefined:
    default:
      return undefined;
  }
}

function sortedKeys(keys: readonly string[] | undefined): readonly string[] {
  return [...new Set(keys)].sort();
}
