import type { Problem } from "../base/problem.ts";
import type { Schema } from "../schema/schema.ts";
import type { MappingNode } from "../schema/source-node.ts";
import { BOOTSTRAP, typeNameOf } from "../schema/type-urls.ts";
import { concat, type FoundResources } from "./found-resource.ts";
import { resourceTypes } from "./resource-types.ts";
import { entryOf, fieldKey, placeOfNode, textOf } from "./source-tree.ts";
import { asType } from "./typed-resource.ts";

/** True for a mapping that says it is a bootstrap, or has a field that only a bootstrap has at its top. */
export function isBootstrap(schema: Schema, document: MappingNode): boolean {
  const typeUrl = textOf(document, "@type");
  if (typeUrl !== undefined) return typeNameOf(typeUrl) === typeNameOf(BOOTSTRAP);
  const fields = bootstrapFields(schema);
  return document.entries.some(({ key }) => fields.includes(fieldKey(key)));
}

/** The names of a bootstrap's fields; none of them is a key that holds a list of resources. */
export function bootstrapFields(schema: Schema): readonly string[] {
  return schema.descriptors.messages.get(typeNameOf(BOOTSTRAP))?.fields.map(({ name }) => name) ?? [];
}

/**
 * The resources in a bootstrap's static_resources. Everything else in it is what a node must have before it can ask
 * for anything, so it is no error, but a warning says that it reaches no node from here.
 */
export function liftBootstrap(schema: Schema, bootstrap: MappingNode): FoundResources {
  const staticEntry = entryOf(bootstrap, "static_resources");
  const statics = staticEntry?.value.kind === "mapping" ? staticEntry.value : undefined;
  const lists = resourceTypes.flatMap((type) => {
    const list = type.staticField && statics ? entryOf(statics, type.staticField) : undefined;
    if (list?.value.kind !== "sequence") return [];
    return list.value.items.map((item, index) =>
      asType(schema, type, item, `${staticEntry!.key.value}.${list.key.value}[${index}]`),
    );
  });
  const { problems } = schema.fromSource(typeNameOf(BOOTSTRAP), withoutLifted(bootstrap));
  return concat([{ found: [], problems: [...problems, ...unservedParts(bootstrap)] }, ...lists]);
}

/** The rest of a bootstrap: each lifted resource is checked by itself, once. */
function withoutLifted(bootstrap: MappingNode): MappingNode {
  const lifted = resourceTypes.flatMap(({ staticField }) => staticField ?? []);
  return {
    ...bootstrap,
    entries: bootstrap.entries.map(({ key, value }) => {
      if (fieldKey(key) !== "static_resources" || value.kind !== "mapping") return { key, value };
      const rest = value.entries.filter(
        (entry) => !(lifted.includes(fieldKey(entry.key)) && entry.value.kind === "sequence"),
      );
      return { key, value: { ...value, entries: rest } };
    }),
  };
}

function unservedParts(bootstrap: MappingNode): Problem[] {
  return bootstrap.entries
    .filter(({ key }) => fieldKey(key) !== "static_resources")
    .map(({ key }) => ({
      code: "bootstrap-part-not-served",
      severity: "warning",
      message: `${key.value} is for the node's own bootstrap and is not served; only static_resources are`,
      place: placeOfNode(key),
      path: key.value,
    }));
}
