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

/** Equal for sources of a type that share a stream (XC-16): all that are ADS, and those that connect to the same in the same way. */
export function streamKey(typeUrl: string, plan: SourcePlan): string {
  return plan.kind === "ads" ? "ads" : `${typeUrl} ${JSON.stringify(plan.api)}`;
}
