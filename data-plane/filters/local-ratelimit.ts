import { TokenBucket } from "../network/token-bucket.ts";
import type {
  Extension,
  ListenerFilter,
  ListenerFilterVerdict,
  NetworkFilter,
} from "../resources/extension.ts";
import { featureFlag, parseTokenBucket } from "../resources/local-rate-limit.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";

const listenerType = "envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit";
const networkType = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";

const support: SupportTable = {
  stat_prefix: true,
  token_bucket: { max_tokens: true, tokens_per_fill: true, fill_interval: true },
  runtime_enabled: { default_value: true, runtime_key: true },
};

const close: ListenerFilterVerdict = { kind: "close" };
const untouched: ListenerFilterVerdict = { kind: "continue", consumed: 0 };

/** `envoy.filters.listener.local_ratelimit`: closes connections above a rate before anything else looks at them. */
export const listenerLocalRateLimit: Extension<ListenerFilter> = {
  typeName: listenerType,
  parse(message, context, path) {
    const filter = asType(listenerType, message);
    const bucket = parseTokenBucket(filter.token_bucket, `${path}.token_bucket`);
    const isEnabled = featureFlag(filter.runtime_enabled, context.runtime);
    return parsed(
      (run) => {
        const prefix = `listener_local_ratelimit.${filter.stat_prefix ?? ""}`;
        const counters = run.stats.counters(prefix, ["rate_limited"]);
        const tokens = bucket.value && new TokenBucket(bucket.value, run.clock.monotonic());
        return {
          readMaxBytes: 0,
          open: () => () => {
            if (!isEnabled() || !tokens || tokens.take(run.clock.monotonic())) return untouched;
            counters.rate_limited += 1;
            return close;
          },
        };
      },
      [...unsupportedFields(message, support, path), ...bucket.problems],
    );
  },
};

/** `envoy.filters.network.local_ratelimit`: the same for the connections of a filter chain. */
export const networkLocalRateLimit: Extension<NetworkFilter> = {
  typeName: networkType,
  parse(message, context, path) {
    const filter = asType(networkType, message);
    const bucket = parseTokenBucket(filter.token_bucket, `${path}.token_bucket`);
    const isEnabled = featureFlag(filter.runtime_enabled, context.runtime);
    return parsed(
      (run) => {
        const prefix = `local_rate_limit.${filter.stat_prefix ?? ""}`;
        const counters = run.stats.counters(prefix, ["rate_limited"]);
        const tokens = bucket.value && new TokenBucket(bucket.value, run.clock.monotonic());
        return {
          kind: "gate",
          admit({ info }) {
            if (!isEnabled() || !tokens || tokens.take(run.clock.monotonic())) return "continue";
            counters.rate_limited += 1;
            // Envoy has no flag of its own for it.
            info.refusalFlag = "URX";
            return "close";
          },
        };
      },
      [...unsupportedFields(message, support, path), ...bucket.problems],
    );
  },
};
