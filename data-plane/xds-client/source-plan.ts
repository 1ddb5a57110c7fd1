import type { BackoffPolicy } from "./backoff.ts";
import type { GrpcTarget } from "./grpc-transport.ts";
import type { SessionMode } from "./session.ts";

/** An ApiConfigSource, ready to connect. */
export interface ApiSource {
  readonly mode: SessionMode;
  readonly target: GrpcTarget;
  readonly backoff: BackoffPolicy;
  readonly isNodeOnFirstOnly: boolean;
}

/** A ConfigSource, ready to subscribe with. `timeoutMs` is `initial_fetch_timeout`, 0 for ever. */
export type SourcePlan =
  | { readonly kind: "ads"; readonly timeoutMs: number }
  | { readonly kind: "api"; readonly timeoutMs: number; readonly api: ApiSource };
