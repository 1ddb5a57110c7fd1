import type { MessageTypes } from "../../../src/schema/api.ts";
import type { SupportTable } from "../support.ts";
import { noEffect } from "../support.ts";
import type { LoadBalancingConfig } from "./load-balancing-config.ts";
import { DEFAULT_PANIC_PERCENT } from "./load-balancing-config.ts";

/**
 * Fields that say how localities share load, of `common_lb_config` and of `LocalityLbConfig` alike. Routing by zones needs a local
 * cluster, which the bootstrap cannot name here; without one it has no effect in Envoy either, `fail_traffic_on_panic` apart.
 */
export const localitySupport: SupportTable = {
  locality_weighted_lb_config: true,
  zone_aware_lb_config: {
    routing_enabled: noEffect,
    min_cluster_size: noEffect,
    fail_traffic_on_panic: true,
  },
};

interface LocalityForm {
  readonly locality_weighted_lb_config?: object | null;
  readonly zone_aware_lb_config?: { readonly fail_traffic_on_panic?: boolean } | null;
}

type LocalitySettings = Pick<LoadBalancingConfig, "weighsLocalities" | "failsTrafficOnPanic">;

export function localitySettings(form: LocalityForm | null | undefined): LocalitySettings {
  return {
    weighsLocalities: (form?.locality_weighted_lb_config ?? undefined) !== undefined,
    failsTrafficOnPanic: form?.zone_aware_lb_config?.fail_traffic_on_panic ?? false,
  };
}

/** `healthy_panic_threshold` in whole percent. */
export function panicPercent(percent: MessageTypes["envoy.type.v3.Percent"] | null | undefined): number {
  return percent ? Math.round(percent.value ?? 0) : DEFAULT_PANIC_PERCENT;
}
