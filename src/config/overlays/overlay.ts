import type { Place } from "../../base/problem.ts";
import type { ScalarNode, SourceNode } from "../../schema/source-node.ts";
import { matchesGlob } from "../glob.ts";
import type { Resource } from "../resource.ts";

/** A change to some resources of some groups (`chancery.v1.Overlay`). */
export interface Overlay {
  /** Undefined: all. */
  readonly groups?: readonly string[];
  readonly typeUrl: string;
  /** Glob. */
  readonly name: string;
  readonly patch: readonly Operation[];
  readonly place: Place;
}

/** One operation of JSON Patch (RFC 6902), with its pointers taken apart. */
export type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: Pointer; readonly value: SourceNode }
  | { readonly op: "remove"; readonly path: Pointer }
  | { readonly op: "move" | "copy"; readonly path: Pointer; readonly from: Pointer };

/** A JSON Pointer (RFC 6901) that is not empty, and where it is written. */
export interface Pointer {
  readonly segments: readonly string[];
  readonly node: ScalarNode;
}

/** True when the overlay is for this resource of this group. */
export function isFor(overlay: Overlay, group: string, { typeUrl, name }: Resource): boolean {
  return (
    overlay.typeUrl === typeUrl &&
    (overlay.groups?.includes(group) ?? true) &&
    matchesGlob(overlay.name, name)
  );
}
