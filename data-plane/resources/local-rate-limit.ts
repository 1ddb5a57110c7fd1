import type { MessageTypes } from "../../src/schema/api.ts";
import type { TokenBucketConfig } from "../network/token-bucket.ts";
import type { Runtime } from "./extension.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import { durationMs, wrapped } from "./values.ts";

type TokenBucketMessage = MessageTypes["envoy.type.v3.TokenBucket"];
type FeatureFlag = MessageTypes["envoy.config.core.v3.RuntimeFeatureFlag"];

/** Below it Envoy refuses a bucket of a local rate limit. */
const MIN_FILL_INTERVAL_MS = 50;

/** `envoy.type.v3.TokenBucket` of a local rate limit, past its field rules. */
export function parseTokenBucket(
  bucket: TokenBucketMessage | null | undefined,
  path: string,
): Parsed<TokenBucketConfig> {
  if (!bucket) return { problems: [refuse(path, "value is required", "rule-violation")] };
  const fillIntervalMs = durationMs(bucket.fill_interval, 0);
  return parsed(
    {
      maxTokens: bucket.max_tokens ?? 0,
      tokensPerFill: wrapped(bucket.tokens_per_fill, 0, 1),
      fillIntervalMs,
    },
    fillIntervalMs < MIN_FILL_INTERVAL_MS
      ? [refuse(`${path}.fill_interval`, "local rate limit token bucket fill timer must be >= 50ms")]
      : [],
  );
}

/** `envoy.config.core.v3.RuntimeFeatureFlag`: whether it is on now; so unless it says otherwise. */
export function featureFlag(flag: FeatureFlag | null | undefined, runtime: Runtime): () => boolean {
  const fallback = wrapped(flag?.default_value, false, true);
  const key = flag?.runtime_key ?? "";
  return key === "" ? () => fallback : () => runtime.isEnabled(key, fallback);
}
