import { unreachable } from "../../base/unreachable.ts";
import type {
  Descriptors,
  FieldDescriptor,
  FieldKind,
  FieldRules,
  MessageDescriptor,
} from "../descriptor.ts";
import { isRecord } from "../record.ts";
import { typeUrlOf } from "../type-urls.ts";
import { wrapperKinds } from "../well-known-types.ts";
import { type JsonSchema, scalarSchema, valueReference } from "./scalar-schema.ts";

const anything: JsonSchema = {};

/** The JSON forms of types that do not look like their fields. */
const ownForms: ReadonlyMap<string, JsonSchema> = new Map<string, JsonSchema>([
  ["google.protobuf.Duration", { type: "string", pattern: "^-?(\\d+(\\.\\d*)?|\\.\\d+)s$|\\$\\{" }],
  ["google.protobuf.Timestamp", { type: "string" }],
  ["google.protobuf.FieldMask", { type: "string" }],
  ["google.protobuf.Struct", { anyOf: [{ type: "object" }, valueReference] }],
  ["google.protobuf.ListValue", { type: "array" }],
  ["google.protobuf.Value", anything],
]);

/**
 * JSON Schemas (draft 7) of messages in their YAML and JSON form, for editors: completion, and marks where a field does
 * not exist or has the wrong kind of value. It is a little more lenient than the schema itself, which decides: rules
 * about several fields, patterns and merge keys are not in it.
 */
export class MessageSchemas {
  readonly #descriptors: Descriptors;
  /** What an Any may hold, by full name. */
  readonly #packable: readonly string[];
  readonly #made = new Map<string, JsonSchema>();

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
    this.#packable = [...descriptors.messages.keys()].filter((name) => isExtension(name, descriptors)).sort();
  }

  /** A reference to the definition of a message. */
  ref(typeName: string): JsonSchema {
    const form = this.#formOf(typeName);
    if (form) return form;
    this.#define(typeName);
    return { $ref: `#/definitions/${typeName}` };
  }

  /** A whole schema document: `root`, and the definitions of all that was referred to. */
  document(root: JsonSchema): JsonSchema {
    const definitions = Object.fromEntries([...this.#made].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { $schema: "http://json-schema.org/draft-07/schema#", ...root, definitions };
  }

  #formOf(typeName: string): JsonSchema | undefined {
    const wrapped = wrapperKinds.get(typeName);
    return wrapped ? scalarSchema(wrapped) : ownForms.get(typeName);
  }

  #define(typeName: string): void {
    if (this.#made.has(typeName)) return;
    // Named before it is made: messages refer to themselves.
    this.#made.set(typeName, anything);
    const descriptor = this.#descriptors.messages.get(typeName);
    const made =
      typeName === "google.protobuf.Any" ? this.#any() : descriptor ? this.#message(descriptor) : anything;
    this.#made.set(typeName, made);
  }

  #message({ fields }: MessageDescriptor): JsonSchema {
    const properties = Object.fromEntries(fields.map((field) => [field.name, this.#field(field)]));
    // The other spelling is as good; it is let through, so that completion offers one.
    const others = [
      "@type",
      ...fields.flatMap(({ name, jsonName }) => (jsonName === name ? [] : [jsonName])),
    ];
    const required = fields.filter(
      // A member of a oneof has its rules only where it is the one.
      ({ name, jsonName, oneof, rules }) => jsonName === name && oneof === undefined && isRequired(rules),
    );
    const object = {
      type: "object",
      properties,
      patternProperties: { [`^(${others.join("|")})$`]: {} },
      additionalProperties: false,
      ...(required.length > 0 && { required: required.map(({ name }) => name) }),
    };
    return { anyOf: [object, valueReference] };
  }

  #field({ type, isRepeated, rules = {}, isDeprecated = false, comment }: FieldDescriptor): JsonSchema {
    const schema = isRepeated ? this.#list(type, rules) : this.#kind(type, rules);
    return {
      // Draft 7 minds nothing that stands beside a reference.
      ...(comment !== undefined && "$ref" in schema ? { allOf: [schema] } : schema),
      ...(comment !== undefined && { description: comment }),
      ...(isDeprecated && { deprecated: true, deprecationMessage: "deprecated" }),
    };
  }

  #list(type: FieldKind, rules: FieldRules): JsonSchema {
    const own = isRecord(rules["repeated"]) ? rules["repeated"] : {};
    const itemRules = isRecord(own["items"]) ? own["items"] : {};
    const list = {
      type: "array",
      items: this.#kind(type, itemRules),
      ...(own["min_items"] !== undefined && { minItems: Number(own["min_items"]) }),
      ...(own["max_items"] !== undefined && { maxItems: Number(own["max_items"]) }),
    };
    return { anyOf: [list, valueReference] };
  }

  #kind(type: FieldKind, rules: FieldRules): JsonSchema {
    switch (type.kind) {
      case "scalar":
        return scalarSchema(type.scalar, rules);
      case "enum":
        return this.#enum(type.name);
      case "message": {
        const wrapped = wrapperKinds.get(type.name);
        return wrapped ? scalarSchema(wrapped, rules) : this.ref(type.name);
      }
      case "map":
        return {
          anyOf: [{ type: "object", additionalProperties: this.#kind(type.value, {}) }, valueReference],
        };
      default:
        return unreachable(type);
    }
  }

  /** By name in upper case, which is what is offered; in lower case or by number as Envoy takes it too. */
  #enum(name: string): JsonSchema {
    const names = this.#descriptors.enums.get(name)?.values.map((value) => value.name) ?? [];
    const lower = names.map((value) => value.toLowerCase()).filter((value) => !names.includes(value));
    return {
      anyOf: [
        { enum: names },
        { type: "string", pattern: `^(${lower.join("|")})$|\\$\\{` },
        { type: "integer" },
      ],
    };
  }

  /** Offers every extension by its type URL, and then the fields of that one. Another "@type" is let through. */
  #any(): JsonSchema {
    return {
      type: "object",
      required: ["@type"],
      properties: { "@type": { anyOf: [{ enum: this.#packable.map(typeUrlOf) }, { type: "string" }] } },
      allOf: this.#packable.map((name) => ({
        if: { properties: { "@type": { const: typeUrlOf(name) } } },
        // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
        then: this.ref(name),
      })),
    };
  }
}

/** True for messages that people write in a typed_config: Envoy's extensions, and types that are not Envoy's at all. */
function isExtension(name: string, descriptors: Descriptors): boolean {
  const parent = name.slice(0, name.lastIndexOf("."));
  if (descriptors.messages.has(parent)) return false;
  if (/^envoy\.(extensions|config)\./.test(name)) return true;
  if (name === "xds.type.v3.TypedStruct" || name === "udpa.type.v1.TypedStruct") return true;
  return !/^(envoy|google|udpa|xds|chancery|grpc|validate|cel|opentelemetry|io)\./.test(name);
}

function isRequired(rules: FieldRules = {}): boolean {
  const { message, any, duration, string: text } = rules;
  if ([message, any, duration].some((of) => isRecord(of) && of["required"] === true)) return true;
  return isRecord(text) && Number(text["min_len"] ?? 0) > 0 && text["ignore_empty"] !== true;
}
