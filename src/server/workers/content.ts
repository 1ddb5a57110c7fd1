import type { AccessPolicy } from "../../config/access-policy.ts";
import type { NodeMatch } from "../../config/node-match.ts";
import type { Resource } from "../../snapshot/resource.ts";
import type { RevisionSource } from "../../snapshot/revision.ts";
import type { Extent } from "../../snapshot/serving.ts";
import type { Named } from "../../xds/order-views.ts";

/** A resource and what it names. Where it is written, no worker has to know. */
export interface PackedResource extends Omit<Resource, "origin"> {
  readonly references: readonly Named[];
}

/** A revision whose content came before. */
export interface PackedRevision {
  /** What it is called from now on: another number for each revision, also for two of equal content. */
  readonly number: number;
  /** As in `Revision`. */
  readonly id: string;
  readonly source: RevisionSource;
  readonly createdAtMs: number;
  readonly authorization?: AccessPolicy;
  readonly groups: readonly {
    readonly name: string;
    readonly match: NodeMatch;
    /** Ids of its sets. */
    readonly sets: readonly number[];
  }[];
}

/**
 * A part of what a process tells another one of what is served. The parts build on each other, so that only what is new
 * goes over: resources first, then sets of them, then revisions made of sets.
 */
export type ContentPart =
  | { readonly kind: "resources"; readonly resources: readonly PackedResource[] }
  /** A set of the resources that came since the one before, or another set with these and without some. */
  | {
      readonly kind: "set";
      readonly id: number;
      readonly typeUrl: string;
      readonly base?: { readonly id: number; readonly removed: readonly string[] };
    }
  | { readonly kind: "revision"; readonly revision: PackedRevision }
  /** This is served from now on; the revisions by their numbers. */
  | {
      readonly kind: "serve";
      readonly stable: number;
      readonly candidate?: { readonly revision: number; readonly extents: ReadonlyMap<string, Extent> };
    }
  /** Nothing that comes will name these. */
  | {
      readonly kind: "drop";
      readonly revisions: readonly number[];
      readonly sets: readonly number[];
    };
