import type { Place } from "../base/problem.ts";
import type { SourceNode } from "../schema/source-node.ts";

/**
 * One xDS resource as it is served. Immutable; two resources with equal bytes are interchangeable.
 */
export interface Resource {
  /** `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
  readonly typeUrl: string;
  /** The name that xDS clients ask for (`cluster_name` of a ClusterLoadAssignment). Never empty. */
  readonly name: string;
  /** Hash of `bytes` and `ttlMs` and nothing else, so that equal content has the equal version on every replica. */
  readonly version: string;
  /** Canonical encoding of the message (not of the Any around it). Never written to. */
  readonly bytes: Buffer;
  /** Clients drop it when they have not heard of it for so long (XDS-107); absent when they keep it. */
  readonly ttlMs?: number;
  /** Where it was written; absent for resources made by a program. */
  readonly origin?: Origin;
}

/** The text that a resource came from. */
export interface Origin {
  readonly place: Place;
  /**
   * The tree of the resource, so that a field's path can be traced back to its line. Absent where the text was left
   * behind: a thread that loads keeps it.
   */
  readonly node?: SourceNode;
}
