import { unreachable } from "../base/unreachable.ts";
import { MessageSchemas } from "../schema/json-schema/message-schemas.ts";
import type { JsonSchema } from "../schema/json-schema/scalar-schema.ts";
import type { Schema } from "../schema/schema.ts";
import { BOOTSTRAP, typeNameOf } from "../schema/type-urls.ts";
import { bootstrapFields } from "./bootstrap.ts";
import { namedType } from "./named-type.ts";
import { resourceTypes } from "./resource-types.ts";

/** What there is a JSON Schema for: chancery.yaml, any other file of a tree, a bootstrap, or one message type. */
export type EditorSchemaOf =
  | { readonly kind: "settings" }
  | { readonly kind: "file" }
  | { readonly kind: "bootstrap" }
  | { readonly kind: "type"; readonly typeName: string };

/**
 * What a word on a command line asks for: `chancery.yaml`, `file`, `bootstrap`, or a type by its short name
 * (`Cluster`), full name or type URL; undefined for none of them.
 */
export function editorSchemaOf(word: string, schema: Schema): EditorSchemaOf | undefined {
  if (word === "chancery.yaml") return { kind: "settings" };
  if (word === "file" || word === "bootstrap") return { kind: word };
  const typeUrl = namedType(word, schema.descriptors)?.typeUrl ?? word;
  const typeName = typeNameOf(typeUrl);
  return schema.descriptors.messages.has(typeName) ? { kind: "type", typeName } : undefined;
}

/** A JSON Schema (draft 7) for editors. */
export function editorSchema(schema: Schema, of: EditorSchemaOf): JsonSchema {
  const messages = new MessageSchemas(schema.descriptors);
  switch (of.kind) {
    case "settings":
      return messages.document({ title: "chancery.yaml", ...messages.ref("chancery.v1.Config") });
    case "bootstrap":
      return messages.document({ title: "Envoy bootstrap", ...messages.ref(typeNameOf(BOOTSTRAP)) });
    case "type":
      return messages.document({ title: of.typeName, ...messages.ref(of.typeName) });
    case "file":
      return messages.document({ title: "Envoy resources", ...fileSchema(schema, messages) });
    default:
      return unreachable(of);
  }
}

/** A list, or a key with nothing behind it. */
function listSchema(items: JsonSchema): JsonSchema {
  return { anyOf: [{ type: "array", items }, { type: "null" }] };
}

/** The shapes that a document may have (`findResources`): which one it is, its keys say. */
function fileSchema(schema: Schema, messages: MessageSchemas): JsonSchema {
  const lists = Object.fromEntries(
    resourceTypes.flatMap(({ keys, typeUrl }) =>
      keys.map((key) => [key, listSchema(messages.ref(typeNameOf(typeUrl)))] as const),
    ),
  );
  const others = resourceTypes.flatMap(({ keys }) =>
    keys.map((key) => key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())),
  );
  const single = { $ref: "#/definitions/google.protobuf.Any" };
  messages.ref("google.protobuf.Any");
  return {
    type: ["object", "null"],
    if: { required: ["@type"] },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
    then: single,
    else: {
      if: { anyOf: bootstrapFields(schema).map((name) => ({ required: [name] })) },
      // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
      then: messages.ref(typeNameOf(BOOTSTRAP)),
      else: {
        properties: {
          ...lists,
          resources: listSchema(single),
          version_info: { type: "string" },
          type_url: { type: "string" },
          nonce: { type: "string" },
        },
        patternProperties: { [`^(${others.join("|")}|versionInfo|typeUrl)$`]: {} },
        additionalProperties: false,
      },
    },
  };
}
