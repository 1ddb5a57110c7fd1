import { nearest } from "../base/edit-distance.ts";
import { isNull } from "../schema/from-source/plain.ts";
import { found } from "../schema/from-source/walk.ts";
import type { Schema } from "../schema/schema.ts";
import type { MappingNode, SourceNode } from "../schema/source-node.ts";
import { bootstrapFields, isBootstrap, liftBootstrap } from "./bootstrap.ts";
import { concat, type FoundResources, refused } from "./found-resource.ts";
import { type ResourceType, resourceTypes } from "./resource-types.ts";
import { fieldKey, placeOfNode, textOf, withoutType } from "./source-tree.ts";
import { asType, findTyped } from "./typed-resource.ts";

const nothing: FoundResources = { found: [], problems: [] };

/** Fields of a DiscoveryResponse beside `resources`: of no meaning in a file, for versions are content hashes. */
const responseFields = ["version_info", "type_url", "nonce"];

const typeOfKey: ReadonlyMap<string, ResourceType> = new Map(
  resourceTypes.flatMap((type) => type.keys.map((key) => [key, type] as const)),
);
const listKeys = ["resources", ...typeOfKey.keys()];

/**
 * The resources of one document, which is one of: a resource with "@type"; lists under keys (`clusters:`,
 * `resources:` with "@type" in each item, several keys side by side); an Envoy bootstrap, whose static_resources
 * are taken. An empty document has none.
 */
export function findResources(schema: Schema, document: SourceNode): FoundResources {
  if (isNull(document)) return nothing;
  if (document.kind !== "mapping") {
    return refused(
      document,
      "",
      `expected a resource with "@type" or a list under a key such as clusters, found ${found(document)}`,
    );
  }
  const typeUrl = textOf(document, "@type");
  if (isBootstrap(schema, document)) return liftBootstrap(schema, withoutType(document));
  if (typeUrl !== undefined) return findTyped(schema, document, "");
  return concat(document.entries.map(({ key, value }) => findInKey(schema, key, value)));
}

function findInKey(
  schema: Schema,
  keyNode: MappingNode["entries"][number]["key"],
  list: SourceNode,
): FoundResources {
  const key = fieldKey(keyNode);
  if (responseFields.includes(key)) return nothing;
  const type = typeOfKey.get(key);
  if (type === undefined && key !== "resources") {
    const suggestion = nearest(key, [...listKeys, ...bootstrapFields(schema)]);
    return {
      found: [],
      problems: [
        {
          code: "unknown-key",
          severity: "error",
          message: `unknown key ${JSON.stringify(keyNode.value)}; a document holds a resource with "@type", a bootstrap, or lists under ${listKeys.join(", ")}`,
          place: placeOfNode(keyNode),
          path: keyNode.value,
          ...(suggestion ? { suggestion } : {}),
        },
      ],
    };
  }
  if (isNull(list)) return nothing;
  if (list.kind !== "sequence") {
    return refused(list, keyNode.value, `expected a list, found ${found(list)}`);
  }
  return concat(
    list.items.map((item, index) => {
      const path = `${keyNode.value}[${index}]`;
      return type ? asType(schema, type, item, path) : findTyped(schema, item, path);
    }),
  );
}
