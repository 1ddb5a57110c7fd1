import type { Problem } from "../base/problem.ts";
import { isNull } from "../schema/from-source/plain.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Descriptors } from "../schema/descriptor.ts";
import type { SourceNode } from "../schema/source-node.ts";
import type { AccessPolicy, AccessRule } from "./access-policy.ts";
import { namedType, unknownType } from "./named-type.ts";
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
      const typeUrl = namedType(name, descriptors)?.typeUrl;
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
