import type { Problem } from "../base/problem.ts";
import type { MappingNode, SourceNode } from "../schema/source-node.ts";
import type { ResourceType } from "./resource-types.ts";
import { placeOfNode } from "./source-tree.ts";

/** A part of a document that is meant to be one resource. */
export interface FoundResource {
  readonly type: ResourceType;
  /** Its fields, without "@type". */
  readonly node: MappingNode;
  /** Where it stands in its document: `clusters[2]`, empty when the document is the resource. */
  readonly path: string;
  /** The wrapper around it, if it has one. */
  readonly wrapper?: Wrapper;
}

/** What an `envoy.service.discovery.v3.Resource` says of the resource inside it. */
export interface Wrapper {
  /** The name that clients ask for; absent when the wrapper gives none. */
  readonly name?: string;
  /** Whole milliseconds, at least 1,000. */
  readonly ttlMs?: number;
  readonly node: MappingNode;
}

export interface FoundResources {
  readonly found: readonly FoundResource[];
  readonly problems: readonly Problem[];
}

/** One result out of several, in order. */
export function concat(parts: readonly FoundResources[]): FoundResources {
  return {
    found: parts.flatMap(({ found }) => found),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

/** Nothing but an error about the shape of a document. */
export function refused(node: SourceNode, path: string, message: string): FoundResources {
  const where = path === "" ? {} : { path };
  return {
    found: [],
    problems: [{ code: "wrong-shape", severity: "error", message, place: placeOfNode(node), ...where }],
  };
}
