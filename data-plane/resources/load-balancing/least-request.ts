import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Runtime } from "../extension.ts";
import type { SupportTable } from "../support.ts";
import { oneOf } from "../support.ts";
import { wrapped } from "../values.ts";
import type { LeastRequestPolicy } from "./load-balancing-config.ts";

type LeastRequest = MessageTypes["envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest"];
type Settings = Pick<LeastRequest, "choice_count" | "active_request_bias"> &
  Partial<Pick<LeastRequest, "selection_method" | "enable_full_scan">>;

/** Fields of LEAST_REQUEST in both its forms. Slow start is not there. */
export const leastRequestSupport: SupportTable = {
  choice_count: true,
  active_request_bias: true,
  selection_method: oneOf("N_CHOICES", "FULL_SCAN"),
  enable_full_scan: true,
};

/** LEAST_REQUEST. */
export function leastRequestPolicy(
  settings: Settings | null | undefined,
  runtime: Runtime,
): LeastRequestPolicy {
  const bias = settings?.active_request_bias;
  const isFullScan = settings?.selection_method === "FULL_SCAN";
  return {
    kind: "least-request",
    choiceCount: wrapped(settings?.choice_count, 0, 2),
    get activeRequestBias() {
      return bias ? runtime.number(bias.runtime_key ?? "", bias.default_value ?? 0) : 1;
    },
    scansAll: isFullScan || wrapped(settings?.enable_full_scan, false, false),
  };
}
