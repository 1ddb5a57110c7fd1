import type { MessageTypes } from "../../../src/schema/api.ts";
import { typeNameOf } from "../../../src/schema/type-urls.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { HeaderList } from "../../network/header-list.ts";
import { refuse, warn } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { noEffect, notSupported, oneOf } from "../../resources/support.ts";
import { durationMs, wrapped } from "../../resources/values.ts";
import { headerMatcherSupport, parseHeaderMatcher } from "../../resources/header-match.ts";
import type { RetryCondition } from "./retry-conditions.ts";
import { readRetryOn } from "./retry-conditions.ts";

type RetryPolicyMessage = MessageTypes["envoy.config.route.v3.RetryPolicy"];

/** A header of an answer that says when to come back. */
export interface ResetHeader {
  readonly name: string;
  /** Seconds from now, or seconds since the Unix epoch. */
  readonly format: "SECONDS" | "UNIX_TIMESTAMP";
}

/** `envoy.config.route.v3.RetryPolicy`, ready to run. */
export interface RetryPolicy {
  readonly conditions: ReadonlySet<RetryCondition>;
  readonly retries: number;
  /** 0: none. */
  readonly perTryTimeoutMs: number;
  /** 0: none. */
  readonly perTryIdleTimeoutMs: number;
  readonly statusCodes: readonly number[];
  /** The answer has one of the headers; `retriable-headers` asks for it. */
  readonly hasRetriableHeader: (headers: HeaderList) => boolean;
  /** Requests without one of these headers are not tried again; undefined lets all. */
  readonly isRetriableRequest: ((headers: HeaderList) => boolean) | undefined;
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
  readonly resetHeaders: readonly ResetHeader[];
  /** A reset header that says more than this is passed over. */
  readonly maxResetIntervalMs: number;
  /** No host is tried twice as long as there are others. */
  readonly avoidsPreviousHosts: boolean;
  /** How often the choice of a host is made in all to avoid some. */
  readonly maxHostChoices: number;
}

/** What a request without a policy of its route gets when its own headers ask for retries. */
export const noRetryPolicy: RetryPolicy = {
  conditions: new Set(),
  retries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  statusCodes: [],
  hasRetriableHeader: () => false,
  isRetriableRequest: undefined,
  baseIntervalMs: 25,
  maxIntervalMs: 250,
  resetHeaders: [],
  maxResetIntervalMs: 300_000,
  avoidsPreviousHosts: false,
  maxHostChoices: 1,
};

export const retryPolicySupport: SupportTable = {
  retry_on: true,
  num_retries: true,
  per_try_timeout: true,
  per_try_idle_timeout: true,
  retriable_status_codes: true,
  retriable_headers: headerMatcherSupport,
  retriable_request_headers: headerMatcherSupport,
  retry_back_off: { base_interval: true, max_interval: true },
  rate_limited_retry_back_off: {
    reset_headers: { name: true, format: oneOf("SECONDS", "UNIX_TIMESTAMP") },
    max_interval: true,
  },
  retry_host_predicate: true,
  // Without a predicate there is nothing to choose again for.
  host_selection_retry_max_attempts: noEffect,
};

const previousHosts = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

/** Reads a policy of a route or virtual host. */
export function parseRetryPolicy(
  message: RetryPolicyMessage,
  path: string,
  problems: Problem[],
): RetryPolicy {
  const { conditions, unknown } = readRetryOn(message.retry_on ?? "");
  for (const name of unknown)
    problems.push(warn(`${path}.retry_on`, `${JSON.stringify(name)} is no condition`));
  const backOff = message.retry_back_off;
  const baseIntervalMs = durationMs(backOff?.base_interval, noRetryPolicy.baseIntervalMs);
  const maxIntervalMs = durationMs(backOff?.max_interval, baseIntervalMs * 10);
  if (backOff && baseIntervalMs < 1) {
    problems.push(refuse(`${path}.retry_back_off`, "base_interval must be at least 1ms"));
  } else if (maxIntervalMs < baseIntervalMs) {
    const rule = "retry_policy.max_interval must greater than or equal to the base_interval";
    problems.push(refuse(`${path}.retry_back_off`, rule));
  }
  const limited = message.rate_limited_retry_back_off;
  const requestHeaders = message.retriable_request_headers ?? [];
  const predicates = message.retry_host_predicate ?? [];
  for (const [index, predicate] of predicates.entries()) {
    const type = typeNameOf(predicate.typed_config?.type_url ?? "");
    if (type !== previousHosts) problems.push(notSupported(`${path}.retry_host_predicate[${index}]`, type));
  }
  return {
    conditions,
    retries: wrapped(message.num_retries, 0, noRetryPolicy.retries),
    perTryTimeoutMs: durationMs(message.per_try_timeout, 0),
    perTryIdleTimeoutMs: durationMs(message.per_try_idle_timeout, 0),
    statusCodes: message.retriable_status_codes ?? [],
    hasRetriableHeader: anyHeader(message.retriable_headers ?? [], `${path}.retriable_headers`, problems),
    isRetriableRequest:
      requestHeaders.length > 0
        ? anyHeader(requestHeaders, `${path}.retriable_request_headers`, problems)
        : undefined,
    baseIntervalMs,
    maxIntervalMs,
    resetHeaders: (limited?.reset_headers ?? []).map(({ name = "", format }) => ({
      name: name.toLowerCase(),
      format: format === "UNIX_TIMESTAMP" ? format : "SECONDS",
    })),
    maxResetIntervalMs: durationMs(limited?.max_interval, noRetryPolicy.maxResetIntervalMs),
    avoidsPreviousHosts: predicates.length > 0,
    maxHostChoices: Number(message.host_selection_retry_max_attempts ?? 1) || 1,
  };
}

function anyHeader(
  matchers: NonNullable<RetryPolicyMessage["retriable_headers"]>,
  path: string,
  problems: Problem[],
): (headers: HeaderList) => boolean {
  const tests = matchers.map((matcher, index) => parseHeaderMatcher(matcher, `${path}[${index}]`, problems));
  return (headers) => tests.some((test) => test((name) => headers.all(name)));
}
