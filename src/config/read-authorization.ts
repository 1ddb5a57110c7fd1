import { nearest } from "../base/edit-distance.ts";
import type { Problem } from "../base/problem.ts";
import { isNull } from "../schema/from-source/plain.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Descriptors } from "../schema/descriptor.ts";
import type { SourceNode } from "../schema/source-node.ts";
import { locate } from "../schema/yaml/locate.ts";
import { TYPE_URL_PREFIX, typeNameOf } from "../schema/type-urls.ts";
import type { AccessPolicy, AccessRule } from "./access-policy.ts";
import { resourceTypeOf, resourceTypes } from "./resource-types.ts";
import { entryOf, placeOfNode } from "./source-tree.ts";

/** The `authorization` of chancery.yaml, or undefined when it has none. */
export function readAuthorization(
  config: MessageTypes["chancery.v1.Config"],
  document: SourceNode,
  descriptors: Descriptors,
): { readonly policy: AccessPolicy | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const entry = document.kind === "mapping" ? entryOf(document, "authorization") : undefined;
  if (entry && isNull(entry.value)) {
    // To the schema an empty key is as good as none; here that would let everybody in.
    problems.push({
      code: "empty-authorization",
      severity: "error",
      message: "authorization has no rules: write rules, or remove the key to let every client in",
      place: placeOfNode(entry.key),
      path: "authorization",
    });
  }
  const { authorization } = config;
  if (!authorization) return { policy: undefined, problems };
  const rules = (authorization.rules ?? []).map((rule, index): AccessRule => {
    const types = rule.types?.map((name, at) => {
      const typeUrl = typeUrlOf(name, descriptors);
      const path = `authorization.rules[${index}].types[${at}]`;
      if (typeUrl === undefined) problems.push(unknownType(name, path, document));
      return typeUrl ?? name;
    });
    return {
      principals: rule.principals ?? [],
      isOperator: rule.operator ?? false,
      ...(rule.node_ids && { nodeIds: rule.node_ids }),
      ...(rule.groups && { groups: rule.groups }),
      ...(types && { types }),
    };
  });
  return { policy: { rules }, problems };
}

/** Problems of rules that name groups which the tree does not have: a typing error would lock nodes out. */
export function unknownGroups(
  { rules }: AccessPolicy,
  groupNames: readonly string[],
  document: SourceNode,
): readonly Problem[] {
  return rules.flatMap(({ groups = [] }, index) =>
    groups.flatMap((name, at) => {
      if (groupNames.includes(name)) return [];
      const path = `authorization.rules[${index}].groups[${at}]`;
      const suggestion = nearest(name, groupNames);
      const problem: Problem = {
        code: "unknown-group",
        severity: "error",
        message: `there is no group ${JSON.stringify(name)}`,
        place: placeOfNode(locate(document, path)),
        path,
        ...(suggestion !== undefined && { suggestion }),
      };
      return [problem];
    }),
  );
}

/** The type URL for `Cluster`, a full name or a type URL. */
function typeUrlOf(name: string, descriptors: Descriptors): string | undefined {
  const known = resourceTypes.find(({ typeUrl }) => shortNameOf(typeUrl) === name);
  if (known) return known.typeUrl;
  const typeUrl = name.includes("/") ? name : `${TYPE_URL_PREFIX}${name}`;
  return resourceTypeOf(typeUrl, descriptors) && typeUrl;
}

function shortNameOf(typeUrl: string): string {
  const name = typeNameOf(typeUrl);
  return name.slice(name.lastIndexOf(".") + 1);
}

function unknownType(name: string, path: string, document: SourceNode): Problem {
  const names = resourceTypes.map(({ typeUrl }) => shortNameOf(typeUrl));
  const suggestion = nearest(name, names);
  return {
    code: "unknown-resource-type",
    severity: "error",
    message: `expected the name of a resource type, such as Secret, or a type URL; found ${JSON.stringify(name)}`,
    place: placeOfNode(locate(document, path)),
    path,
    ...(suggestion !== undefined && { suggestion }),
  };
}
