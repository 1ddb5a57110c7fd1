import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { statusNumber } from "../http/status-number.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import { HeaderList } from "../network/header-list.ts";
import { localReply, type RequestHead, type ResponseHead } from "../network/http-message.ts";
import type { TokenBucketConfig } from "../network/token-bucket.ts";
import { TokenBucket } from "../network/token-bucket.ts";
import type { Extension, Installer, ParseContext, RunContext } from "../resources/extension.ts";
import type { HeaderMutation } from "../resources/header-mutation.ts";
import { headerValueOptionSupport, parseHeaderMutation } from "../resources/header-mutation.ts";
import type {
  HttpFilter,
  HttpFilterStream,
  HttpStreamView,
  RequestVerdict,
} from "../resources/http-filter.ts";
import { goOn } from "../resources/http-filter.ts";
import { parseTokenBucket } from "../resources/local-rate-limit.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed } from "../resources/parsed.ts";
import type { LiveFraction } from "../resources/runtime-fraction.ts";
import { isChosen, runtimeFraction, runtimeFractionSupport } from "../resources/runtime-fraction.ts";
import type { SupportTable } from "../resources/support.ts";
import { oneOf, unsupportedFields } from "../resources/support.ts";

type Message = MessageTypes["envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"];

const typeName = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

const support: SupportTable = {
  stat_prefix: true,
  status: { code: true },
  token_bucket: { max_tokens: true, tokens_per_fill: true, fill_interval: true },
  filter_enabled: runtimeFractionSupport,
  filter_enforced: runtimeFractionSupport,
  response_headers_to_add: headerValueOptionSupport,
  request_headers_to_add_when_not_enforced: headerValueOptionSupport,
  local_rate_limit_per_downstream_connection: true,
  enable_x_ratelimit_headers: oneOf("OFF", "DRAFT_VERSION_03"),
  enable_retry_after_header: true,
};

interface LimitConfig {
  readonly statPrefix: string;
  readonly status: number;
  /** Absent: nothing is limited. */
  readonly bucket: TokenBucketConfig | undefined;
  /** From 0 to 1; 0 when unset. */
  readonly enabled: LiveFraction;
  readonly enforced: LiveFraction;
  readonly isPerConnection: boolean;
  readonly tellsLimits: boolean;
  readonly tellsRetryAfter: boolean;
  readonly onRefusal: HeaderMutation | undefined;
  readonly onLeniency: HeaderMutation | undefined;
}

/** The limit of one level, which runs. A route's stands in place of the filter's. */
class Limit {
  readonly config: LimitConfig;
  readonly counters;
  readonly #run: RunContext;
  readonly #shared: TokenBucket | undefined;
  readonly #byConnection = new WeakMap<ConnectionInfo, TokenBucket>();

  constructor(config: LimitConfig, run: RunContext) {
    this.config = config;
    this.#run = run;
    this.counters = run.stats.counters(`${config.statPrefix}.http_local_rate_limit`, [
      "enabled",
      "enforced",
      "ok",
      "rate_limited",
      "shadow_mode",
    ]);
    this.#shared = config.bucket && new TokenBucket(config.bucket, this.nowMs);
  }

  get nowMs(): number {
    return this.#run.clock.monotonic();
  }

  isChosen(fraction: LiveFraction): boolean {
    return isChosen(fraction(), this.#run.random);
  }

  bucketOf(connection: ConnectionInfo): TokenBucket | undefined {
    const { bucket, isPerConnection } = this.config;
    if (!bucket || !isPerConnection) return this.#shared;
    const own = this.#byConnection.get(connection) ?? new TokenBucket(bucket, this.nowMs);
    this.#byConnection.set(connection, own);
    return own;
  }
}

/** `envoy.filters.http.local_ratelimit`: answers requests above a rate with 429. */
export const httpLocalRateLimit: Extension<HttpFilter> = {
  typeName,
  parse(message, context, path) {
    const { value: install, problems } = parseLimit(asType(typeName, message), context, path);
    if (!install) return { problems };
    return parsed((run, scope) => {
      const own = install(run, scope);
      return {
        kind: "stream",
        open(view) {
          const limit = view.routeConfigs(Limit)[0] ?? own;
          return limit.config.bucket && new LimitedStream(limit, view);
        },
      };
    }, problems);
  },
};

/** The same in `typed_per_filter_config`, with a bucket of its own. */
export const httpLocalRateLimitPerRoute: Extension<object> = {
  typeName,
  parse: (message, context, path) => parseLimit(asType(typeName, message), context, path),
};

function parseLimit(message: Message, context: ParseContext, path: string): Parsed<Installer<Limit>> {
  const problems: Problem[] = [...unsupportedFields(message, support, path)];
  const bucket = message.token_bucket && parseTokenBucket(message.token_bucket, `${path}.token_bucket`);
  if (bucket) problems.push(...bucket.problems);
  const headers = (field: "response_headers_to_add" | "request_headers_to_add_when_not_enforced") =>
    parseHeaderMutation(message[field], [], { add: `${path}.${field}`, remove: "" }, problems);
  const status = statusNumber(message.status?.code) ?? 0;
  const config: LimitConfig = {
    statPrefix: message.stat_prefix ?? "",
    // What is no refusal is none for Envoy either.
    status: status >= 400 ? status : 429,
    bucket: bucket?.value,
    enabled: runtimeFraction(message.filter_enabled, context, 0),
    enforced: runtimeFraction(message.filter_enforced, context, 0),
    isPerConnection: message.local_rate_limit_per_downstream_connection ?? false,
    tellsLimits: message.enable_x_ratelimit_headers === "DRAFT_VERSION_03",
    tellsRetryAfter: message.enable_retry_after_header ?? false,
    onRefusal: headers("response_headers_to_add"),
    onLeniency: headers("request_headers_to_add_when_not_enforced"),
  };
  return parsed((run) => new Limit(config, run), problems);
}

class LimitedStream implements HttpFilterStream {
  readonly #limit: Limit;
  readonly #view: HttpStreamView;
  /** The bucket that was asked; undefined when none was. */
  #bucket: TokenBucket | undefined;

  constructor(limit: Limit, view: HttpStreamView) {
    this.#limit = limit;
    this.#view = view;
  }

  onRequestHead({ headers }: RequestHead): RequestVerdict {
    const { config, counters, nowMs } = this.#limit;
    if (!this.#limit.isChosen(config.enabled)) return goOn;
    const bucket = this.#limit.bucketOf(this.#view.connection);
    if (!bucket) return goOn;
    this.#bucket = bucket;
    counters.enabled += 1;
    if (bucket.take(nowMs)) {
      counters.ok += 1;
      return goOn;
    }
    counters.rate_limited += 1;
    if (!this.#limit.isChosen(config.enforced)) {
      config.onLeniency?.(headers, this.#view.formatSource());
      return goOn;
    }
    counters.enforced += 1;
    this.#view.addResponseFlag("RL");
    return { kind: "reply", reply: this.#refusal(bucket) };
  }

  onResponseHead({ headers }: ResponseHead): void {
    const { config, nowMs } = this.#limit;
    const bucket = this.#bucket;
    if (!bucket || !config.tellsLimits) return;
    headers.set("x-ratelimit-limit", String(config.bucket?.maxTokens ?? 0));
    headers.set("x-ratelimit-remaining", String(bucket.remaining(nowMs)));
    headers.set("x-ratelimit-reset", String(Math.ceil(bucket.untilNextMs(nowMs) / 1000)));
  }

  #refusal(bucket: TokenBucket) {
    const { config, nowMs } = this.#limit;
    const headers = new HeaderList();
    config.onRefusal?.(headers, this.#view.formatSource());
    // RFC 6585 has it for 429.
    if (config.tellsRetryAfter && config.status === 429) {
      headers.set("retry-after", String(Math.ceil(bucket.untilNextMs(nowMs) / 1000)));
    }
    const pairs = headers.flat.flatMap((name, at) =>
      at % 2 === 0 ? [[name, headers.flat[at + 1] ?? ""] as const] : [],
    );
    return localReply(config.status, "local_rate_limited", "local_rate_limited", pairs);
  }
}
