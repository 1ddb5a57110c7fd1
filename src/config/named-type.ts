import { nearest } from "../base/edit-distance.ts";
import type { Problem } from "../base/problem.ts";
import type { Descriptors } from "../schema/descriptor.ts";
import type { SourceNode } from "../schema/source-node.ts";
import { TYPE_URL_PREFIX, typeNameOf } from "../schema/type-urls.ts";
import { locate } from "../schema/yaml/locate.ts";
import { type ResourceType, resourceTypeOf, resourceTypes } from "./resource-types.ts";
import { placeOfNode } from "./source-tree.ts";

/** The resource type that `Cluster`, a full name or a type URL names; undefined when there is none. */
export function namedType(name: string, descriptors: Descriptors): ResourceType | undefined {
  const known = resourceTypes.find(({ typeUrl }) => shortNameOf(typeUrl) === name);
  return known ?? resourceTypeOf(name.includes("/") ? name : `${TYPE_URL_PREFIX}${name}`, descriptors);
}

/** The error for a name at `path` of chancery.yaml that is none of a resource type. */
export function unknownType(name: string, path: string, document: SourceNode): Problem {
  const suggestion = nearest(name, resourceNames());
  return {
    code: "unknown-resource-type",
    severity: "error",
    message: `expected the name of a resource type, such as Secret, or a type URL; found ${JSON.stringify(name)}`,
    place: placeOfNode(locate(document, path)),
    path,
    ...(suggestion !== undefined && { suggestion }),
  };
}

/** `Cluster`, `Listener`, …: what people call the resource types of Envoy's API. */
export function resourceNames(): readonly string[] {
  return resourceTypes.map(({ typeUrl }) => shortNameOf(typeUrl));
}

function shortNameOf(typeUrl: string): string {
  const name = typeNameOf(typeUrl);
  return name.slice(name.lastIndexOf(".") + 1);
}
