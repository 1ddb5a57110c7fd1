import type { Place, Problem } from "../base/problem.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Descriptors } from "../schema/descriptor.ts";
import type { SourceNode } from "../schema/source-node.ts";
import { locate } from "../schema/yaml/locate.ts";
import { matchesGlob } from "./glob.ts";
import { namedType, unknownType } from "./named-type.ts";
import type { Resource } from "./resource.ts";
import { placeOfNode } from "./source-tree.ts";

/** A lint that is to be silent about some resources (`chancery.v1.LintExemption`). */
export interface LintExemption {
  readonly code: string;
  /** Undefined: any. */
  readonly typeUrl?: string;
  /** Glob. */
  readonly name: string;
  /** Undefined: all. */
  readonly groups?: readonly string[];
  readonly place: Place;
}

/** The `lints.ignore` of chancery.yaml. */
export function readLintExemptions(
  { lints }: MessageTypes["chancery.v1.Config"],
  document: SourceNode,
  descriptors: Descriptors,
): { readonly exemptions: readonly LintExemption[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const exemptions = (lints?.ignore ?? []).map(({ code = "", type, name = "*", groups }, index) => {
    const path = `lints.ignore[${index}]`;
    const typeUrl = type === undefined ? undefined : namedType(type, descriptors)?.typeUrl;
    if (type !== undefined && typeUrl === undefined)
      problems.push(unknownType(type, `${path}.type`, document));
    return {
      code,
      name,
      place: placeOfNode(locate(document, `${path}.code`)),
      ...(typeUrl !== undefined && { typeUrl }),
      ...(groups && { groups }),
    };
  });
  return { exemptions, problems };
}

/** True when the exemption is for what this lint finds in this resource of this group. */
export function isExempt(exemption: LintExemption, code: string, group: string, resource: Resource): boolean {
  return (
    exemption.code === code &&
    (exemption.typeUrl ?? resource.typeUrl) === resource.typeUrl &&
    (exemption.groups?.includes(group) ?? true) &&
    matchesGlob(exemption.name, resource.name)
  );
}
