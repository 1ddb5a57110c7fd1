import type { MetadataValue } from "../../network/connection-info.ts";
import type { StatsStore } from "../../stats/stats-store.ts";
import type { Decision } from "./engine.ts";

/** Where dynamic metadata goes. */
interface MetadataSink {
  addMetadata(namespace: string, fields: Readonly<Record<string, MetadataValue>>): void;
}

/** Counts under `<scope>.<prefix>.<kind>allowed` and `…denied`; `kind` is `shadow_` or nothing. */
export function decisionCounter(
  stats: StatsStore,
  scope: string,
  prefix: string,
  kind: string,
): (decision: Decision) => void {
  const allowed = `${kind}allowed`;
  const denied = `${kind}denied`;
  const joined = prefix === "" ? scope : `${scope}.${prefix.replace(/\.$/, "")}`;
  const counters = stats.counters<string>(joined, [allowed, denied]);
  return ({ isAllowed }) => {
    const name = isAllowed ? allowed : denied;
    counters[name] = (counters[name] ?? 0) + 1;
  };
}

/** Tells others what the rules did, or in the shadow would have done. */
export function noteDecision(
  sink: MetadataSink,
  namespace: string,
  prefix: string,
  { isAllowed, policy }: Decision,
): void {
  sink.addMetadata(namespace, {
    ...(policy !== undefined && { [`${prefix}effective_policy_id`]: policy }),
    [`${prefix}engine_result`]: isAllowed ? "allowed" : "denied",
  });
}

/** `action: LOG`. */
export function noteLogHint(sink: MetadataSink, { policy }: Decision): void {
  sink.addMetadata("envoy.common", { access_log_hint: policy !== undefined });
}
