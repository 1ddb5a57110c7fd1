import type { Admission, Extension, NetworkFilter } from "../resources/extension.ts";
import { featureFlag } from "../resources/local-rate-limit.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";
import { durationMs } from "../resources/values.ts";

const typeName = "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit";

const support: SupportTable = {
  stat_prefix: true,
  max_connections: true,
  delay: true,
  runtime_enabled: { default_value: true, runtime_key: true },
};

/** `envoy.filters.network.connection_limit`: closes the connections of a filter chain that are too many, after a delay if it has one. */
export const connectionLimit: Extension<NetworkFilter> = {
  typeName,
  parse(message, context, path) {
    const filter = asType(typeName, message);
    const max = Number(filter.max_connections?.value ?? 0);
    const delayMs = durationMs(filter.delay, 0);
    const refusal: Admission = delayMs > 0 ? { closeAfterMs: delayMs } : "close";
    const isEnabled = featureFlag(filter.runtime_enabled, context.runtime);
    return parsed(
      (run) => {
        const prefix = `connection_limit.${filter.stat_prefix ?? ""}`;
        const counters = run.stats.counters(prefix, ["limited_connections"]);
        const gauges = run.stats.gauges(prefix, ["active_connections"]);
        let admitted = 0;
        return {
          kind: "gate",
          admit({ socket }) {
            if (!isEnabled()) return "continue";
            const isWithin = admitted < max;
            if (isWithin) admitted += 1;
            else counters.limited_connections += 1;
            // Those that wait for their end count as active.
            gauges.active_connections.add(1);
            socket.once("close", () => {
              gauges.active_connections.add(-1);
              if (isWithin) admitted -= 1;
            });
            return isWithin ? "continue" : refusal;
          },
        };
      },
      unsupportedFields(message, support, path),
    );
  },
};
