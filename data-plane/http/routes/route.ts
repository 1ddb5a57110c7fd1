import type { RetryPolicy } from "../forward/retry-policy.ts";
import type { Timeouts } from "../forward/timeouts.ts";
import type { HeaderMutation } from "../../resources/header-mutation.ts";
import type { LocalReply, RequestHead } from "../../network/http-message.ts";
import type { RoutePriority } from "../../network/upstream.ts";
import type { RequestChoice } from "./cluster-choice.ts";
import type { RequestHash } from "./hash-policy.ts";
import type { Rewrite } from "./rewrite.ts";
import type { RouteTest } from "./route-match.ts";

/** Who is told how often a request was tried, as the virtual host has it. */
export interface AttemptCount {
  readonly isInRequest: boolean;
  readonly isInResponse: boolean;
  /** A retry says in `x-envoy-is-timeout-retry` whether the last try ran out of time. */
  readonly isTimeoutTold: boolean;
}

/** How a request goes on to a cluster. */
export interface Forwarding {
  readonly kind: "forward";
  /** From a number in [0, 1) and the request's headers. */
  readonly choose: RequestChoice;
  /** For load balancing by a hash; absent without a `hash_policy`. */
  readonly hashOf: RequestHash | undefined;
  /** Which circuit breakers of the cluster count. */
  readonly priority: RoutePriority;
  /** The whole response has 15 s when unset, 0 for any time. */
  readonly timeouts: Timeouts;
  /** Absent where only headers of the request can ask for retries. */
  readonly retryPolicy: RetryPolicy | undefined;
  readonly attemptCount: AttemptCount;
  /** What of a body may be kept for another try, if it is less than what the connection may hold. */
  readonly bufferLimitBytes: number | undefined;
  /** Of the stream; absent leaves it to the connection manager. */
  readonly idleTimeoutMs?: number;
  /** Of the whole stream, 0 for any time; absent leaves it to the connection manager. */
  readonly durationMs?: number;
  /** `upgrade_configs`: whether a type of upgrade, in lower case, is allowed here; CONNECT is one. What it does not say is the manager's. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** A CONNECT ends here, and its payload goes on as TCP. */
  readonly endsConnect: boolean;
  /** Answered when there is no such cluster. */
  readonly missingClusterStatus: number;
  /** Changes path and host, past the header mutations. */
  readonly rewrite: Rewrite | undefined;
  /** The host becomes the name of the upstream's, where it has one: `auto_host_rewrite`. `forwards`: `x-forwarded-host` keeps the old one. */
  readonly hostName: { readonly forwards: boolean } | undefined;
}

/** What a route does with a request. */
export type RouteAction =
  | Forwarding
  | { readonly kind: "reply"; readonly reply: (request: RequestHead) => LocalReply };

/** What a route says to a filter of the chain, in `typed_per_filter_config`. */
export interface FilterSettings {
  /** Undefined leaves it to the chain. */
  readonly isDisabled: boolean | undefined;
  /** Innermost first: weighted cluster, route, virtual host, route configuration. */
  readonly configs: readonly object[];
}

export interface Route {
  readonly name: string;
  /** The name of the virtual host that it is in. */
  readonly virtualHost: string;
  /** By the name of the filter; undefined when no level says anything to any filter. */
  readonly filterSettings: ReadonlyMap<string, FilterSettings> | undefined;
  readonly matches: RouteTest;
  readonly action: RouteAction;
  /** Of the route, its virtual host and the whole configuration, in the order of application. */
  readonly requestMutations: readonly HeaderMutation[];
  readonly responseMutations: readonly HeaderMutation[];
  /** The entry of `weighted_clusters` that a request has instead, by a number in [0, 1); absent where entries say no more than a cluster. */
  readonly entryOf?: (random: number) => Route;
}
