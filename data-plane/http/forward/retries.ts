import type { HeaderList } from "../../network/header-list.ts";
import type { RequestRetries } from "../../network/http-stream.ts";
import type { Host } from "../../network/upstream.ts";
import type { AttemptFailure } from "./failure-replies.ts";
import type { RetryCondition } from "./retry-conditions.ts";
import { grpcConditions, readRetryOn } from "./retry-conditions.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import { noRetryPolicy } from "./retry-policy.ts";

/** What becomes of a request whose attempt was no success. */
export type RetryVerdict =
  | { readonly kind: "retry"; readonly delayMs: number }
  /** There is nothing to try again. */
  | { readonly kind: "no" }
  /** As many tries as the policy allows have been made. */
  | { readonly kind: "limit" }
  /** As many retries as the cluster allows are under way. */
  | { readonly kind: "overflow" };

const no: RetryVerdict = { kind: "no" };

const numberPattern = /^\d+$/;

/** What retries need beside the policy. */
interface Surroundings {
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The retries of one request: Envoy's retry state. */
export class Retries {
  readonly #policy: RetryPolicy;
  readonly #conditions: ReadonlySet<RetryCondition>;
  readonly #statusCodes: readonly number[];
  readonly #extraHeaders: readonly string[];
  readonly #books: RequestRetries;
  readonly #around: Surroundings;
  readonly #attempted = new Set<Host>();
  #left: number;
  #nextIntervalMs: number;
  /** One of the cluster's retries is taken. */
  #holdsRetry = false;
  /** How long the wait is was told by the upstream. */
  #isRateLimited = false;

  /** `headers` are those of the request; what they say of retries counts beside the policy. */
  constructor(policy: RetryPolicy, headers: HeaderList, books: RequestRetries, around: Surroundings) {
    this.#policy = policy;
    this.#books = books;
    this.#around = around;
    const asked = [headers.get("x-envoy-retry-on"), headers.get("x-envoy-retry-grpc-on")];
    const conditions = new Set(policy.conditions);
    for (const list of asked) for (const one of readRetryOn(list ?? "").conditions) conditions.add(one);
    const isRetriable = policy.isRetriableRequest?.(headers) ?? true;
    this.#conditions = isRetriable ? conditions : new Set();
    const most = headers.get("x-envoy-max-retries");
    this.#left = most !== undefined && numberPattern.test(most) ? Number(most) : policy.retries;
    const codes = listOf(headers.get("x-envoy-retriable-status-codes"));
    this.#statusCodes = [
      ...policy.statusCodes,
      ...codes.filter((code) => numberPattern.test(code)).map(Number),
    ];
    this.#extraHeaders = listOf(headers.get("x-envoy-retriable-header-names")).map((name) =>
      name.toLowerCase(),
    );
    this.#nextIntervalMs = policy.baseIntervalMs;
  }

  get isEnabled(): boolean {
    return this.#conditions.size > 0;
  }

  get maxHostChoices(): number {
    return this.#policy.maxHostChoices;
  }

  /** The host has been tried and another is to be preferred. */
  isUnwanted(host: Host): boolean {
    return this.#policy.avoidsPreviousHosts && this.#attempted.has(host);
  }

  /** The host that an attempt was made at. */
  attempted(host: Host | undefined): void {
    if (host) this.#attempted.add(host);
  }

  /** An answer has begun. */
  afterHead(status: number, headers: HeaderList): RetryVerdict {
    if (!this.#isHeadRetriable(status, headers)) return this.#verdict(false, undefined);
    return this.#verdict(true, this.#resetDelayMs(headers));
  }

  /** No answer came. `isSent`: the upstream has seen the request, or some of it. */
  afterFailure(failure: AttemptFailure | "timeout", isSent: boolean): RetryVerdict {
    return this.#verdict(this.#isFailureRetriable(failure, isSent), undefined);
  }

  /** The wait is over and the next try begins. Envoy 1.40 counts a retry here, so one that was given up meanwhile is none. */
  begun(): void {
    const { counters } = this.#books;
    counters.upstream_rq_retry += 1;
    if (this.#isRateLimited) counters.upstream_rq_retry_backoff_ratelimited += 1;
    else counters.upstream_rq_retry_backoff_exponential += 1;
  }

  /** No further try. */
  end(): void {
    if (!this.#holdsRetry) return;
    this.#holdsRetry = false;
    this.#books.give();
  }

  #verdict(isWanted: boolean, resetDelayMs: number | undefined): RetryVerdict {
    const { counters } = this.#books;
    if (this.#holdsRetry && !isWanted) counters.upstream_rq_retry_success += 1;
    this.end();
    if (!isWanted) return no;
    if (this.#left === 0) {
      counters.upstream_rq_retry_limit_exceeded += 1;
      return { kind: "limit" };
    }
    this.#left -= 1;
    if (!this.#books.take()) {
      counters.upstream_rq_retry_overflow += 1;
      return { kind: "overflow" };
    }
    this.#holdsRetry = true;
    this.#isRateLimited = resetDelayMs !== undefined;
    if (resetDelayMs !== undefined) {
      // Up to half as long again, so that not all come back at once.
      return { kind: "retry", delayMs: resetDelayMs * (1 + this.#around.random() / 2) };
    }
    return { kind: "retry", delayMs: this.#exponentialDelayMs() };
  }

  #exponentialDelayMs(): number {
    const interval = this.#nextIntervalMs;
    const { maxIntervalMs } = this.#policy;
    this.#nextIntervalMs = interval < maxIntervalMs / 2 ? interval * 2 : maxIntervalMs;
    return Math.trunc(this.#around.random() * interval);
  }

  #isHeadRetriable(status: number, headers: HeaderList): boolean {
    const conditions = this.#conditions;
    if (headers.has("x-envoy-ratelimited")) return conditions.has("envoy-ratelimited");
    if (conditions.has("5xx") && status >= 500 && status < 600) return true;
    if (conditions.has("gateway-error") && status >= 502 && status <= 504) return true;
    if (conditions.has("retriable-4xx") && status === 409) return true;
    if (conditions.has("retriable-status-codes") && this.#statusCodes.includes(status)) return true;
    if (conditions.has("retriable-headers")) {
      if (this.#policy.hasRetriableHeader(headers)) return true;
      if (this.#extraHeaders.some((name) => headers.has(name))) return true;
    }
    const grpcStatus = headers.get("grpc-status");
    const condition = grpcStatus === undefined ? undefined : grpcConditions.get(grpcStatus);
    return condition !== undefined && conditions.has(condition);
  }

  #isFailureRetriable(failure: AttemptFailure | "timeout", isSent: boolean): boolean {
    const conditions = this.#conditions;
    if (failure === "overflow" || failure === "no-host") return false;
    if (conditions.has("reset-before-request") && !isSent) return true;
    // A reset counts as the 5xx that it would become.
    if (conditions.has("reset") || conditions.has("5xx") || conditions.has("gateway-error")) return true;
    if (failure === "refused") return conditions.has("refused-stream");
    const isConnectFailure = failure === "connect-fail" || failure === "connect-timeout";
    return isConnectFailure && conditions.has("connect-failure");
  }

  /** What the first of the policy's reset headers that says something says. */
  #resetDelayMs(headers: HeaderList): number | undefined {
    const { resetHeaders, maxResetIntervalMs } = this.#policy;
    for (const { name, format } of resetHeaders) {
      const value = headers.get(name);
      if (value === undefined || !numberPattern.test(value)) continue;
      const told = Number(value) * 1000;
      const delayMs = format === "SECONDS" ? told : told - this.#around.now();
      if (delayMs > 0 && delayMs <= maxResetIntervalMs) return delayMs;
    }
    return undefined;
  }
}

/** Retries for a request, where its route or its own headers ask for some. The headers are not for the upstream. */
export function retriesOf(
  policy: RetryPolicy | undefined,
  headers: HeaderList,
  books: RequestRetries,
  around: Surroundings,
): Retries | undefined {
  const isAsked = headers.has("x-envoy-retry-on") || headers.has("x-envoy-retry-grpc-on");
  const retries =
    policy || isAsked ? new Retries(policy ?? noRetryPolicy, headers, books, around) : undefined;
  for (const name of requestHeaders) headers.remove(name);
  return retries?.isEnabled ? retries : undefined;
}

const requestHeaders = [
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-hedge-on-per-try-timeout",
  "x-envoy-retriable-header-names",
  "x-envoy-retriable-status-codes",
];

function listOf(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
