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

/** A file that holds a DiscoveryResponse, and what tells that it is another (XC-54). */
export interface FileLocation {
  readonly path: string;
  /** Any rename in it has the file read again. Absent: a rename onto `path` does. */
  readonly watchedDirectory?: string;
}

/** A source over gRPC. */
export type GrpcPlan =
  | { readonly kind: "ads"; readonly timeoutMs: number }
  | { readonly kind: "api"; readonly timeoutMs: number; readonly api: ApiSource };

/** A source in a file. */
export interface FilePlan {
  readonly kind: "file";
  readonly timeoutMs: number;
  readonly file: FileLocation;
}

/** A ConfigSource, ready to subscribe with. `timeoutMs` is `initial_fetch_timeout`, 0 for ever. */
export type SourcePlan = GrpcPlan | FilePlan;

/**
 * Equal for sources of a type that share a stream (XC-16): all that are ADS, those that connect to the same in the same way, and those
 * that are the same file.
 */
export function streamKey(typeUrl: string, plan: SourcePlan): string {
  if (plan.kind === "ads") return "ads";
  return `${typeUrl} ${JSON.stringify(plan.kind === "api" ? plan.api : plan.file)}`;
}
