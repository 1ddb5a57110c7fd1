import protobuf from "protobufjs";
import type { EnumDescriptor } from "../descriptor.ts";
import { isScalarKind, jsonNameOf } from "./draft.ts";
import { rewriteLiterals } from "./literals.ts";
import type { DraftField, DraftFile, DraftMessage, DraftType, DraftValueType } from "./draft.ts";

/**
 * Reads the text of one .proto file (proto2 or proto3). Names stay as written; `linkFiles` resolves them.
 *
 * @throws Error of protobufjs when the text is not a .proto file; its message has the line
 */
export function parseProto(name: string, text: string): DraftFile {
  const { package: packageName = "", imports = [], root } = parse(text);
  const messages: DraftMessage[] = [];
  const enums: EnumDescriptor[] = [];
  const visit = (parent: protobuf.NamespaceBase) => {
    for (const nested of parent.nestedArray) {
      if (nested instanceof protobuf.Enum) enums.push(draftEnum(nested));
      if (nested instanceof protobuf.Type) messages.push(draftMessage(nested));
      if (nested instanceof protobuf.Namespace) visit(nested);
    }
  };
  visit(root);
  return { name, package: packageName, imports, messages, enums };
}

function parse(text: string): protobuf.IParserResult {
  const result = protobuf.parse(rewriteLiterals(text), new protobuf.Root(), {
    keepCase: true,
    alternateCommentMode: true,
  });
  // What proto2 and proto3 say differently (packed, presence) is known only after this.
  // oxlint-disable-next-line no-underscore-dangle -- resolveAll() does the same but wants every name resolved
  result.root._resolveFeaturesRecursive("proto2");
  return result;
}

const fullName = (object: protobuf.ReflectionObject) => object.fullName.replace(/^\./, "");

function draftEnum(type: protobuf.Enum): EnumDescriptor {
  const values = Object.entries(type.values).map(([name, number]) => ({
    name,
    number,
    ...(type.valuesOptions?.[name]?.["(envoy.annotations.disallowed_by_default_enum)"] === true
      ? { isDisallowed: true }
      : {}),
  }));
  return { name: fullName(type), values };
}

function draftMessage(type: protobuf.Type): DraftMessage {
  return {
    name: fullName(type),
    fields: type.fieldsArray.map(draftField).sort((a, b) => a.number - b.number),
    oneofs: type.oneofsArray
      .filter((oneof) => !isSynthetic(oneof))
      .map((oneof) => ({ name: oneof.name, isRequired: optionOf(oneof, "(validate.required)") === true })),
    rulesDisabled:
      optionOf(type, "(validate.disabled)") === true || optionOf(type, "(validate.ignored)") === true,
  };
}

function draftField(field: protobuf.Field): DraftField {
  const jsonName = optionOf(field, "json_name");
  const rules = optionOf(field, "(validate.rules)");
  const oneof = field.partOf;
  return {
    name: field.name,
    jsonName: typeof jsonName === "string" ? jsonName : jsonNameOf(field.name),
    number: field.id,
    type: draftType(field),
    isRepeated: field.repeated,
    wantsPacked: field.packed,
    hasPresence: field.hasPresence && !field.repeated && !field.map,
    ...(oneof && !isSynthetic(oneof) ? { oneof: oneof.name } : {}),
    ...(field.comment ? { comment: field.comment.replaceAll(/\s+/g, " ").trim() } : {}),
    isDeprecated: optionOf(field, "deprecated") === true,
    isDisallowed: optionOf(field, "(envoy.annotations.disallowed_by_default)") === true,
    isSensitive: optionOf(field, "(udpa.annotations.sensitive)") === true,
    ...(rules === undefined ? {} : { rules }),
  };
}

function draftType(field: protobuf.Field): DraftType {
  if (isGroup(field)) return { kind: "group", name: field.type };
  const value = valueType(field.type);
  if (!(field instanceof protobuf.MapField)) return value;
  if (!isScalarKind(field.keyType))
    throw new Error(`${field.fullName}: a map key cannot be a ${field.keyType}`);
  return { kind: "map", key: field.keyType, value };
}

/** `field.delimited` of protobufjs would tell, but only once types are resolved. */
function isGroup(field: protobuf.Field): boolean {
  const type = field.parent?.get(field.type);
  return type instanceof protobuf.Type && "group" in type && type.group === true;
}

function valueType(name: string): DraftValueType {
  return isScalarKind(name) ? { kind: "scalar", scalar: name } : { kind: "named", name };
}

/** The oneof that proto3 `optional` makes up. */
function isSynthetic(oneof: protobuf.OneOf): boolean {
  return oneof.fieldsArray.length === 1 && optionOf(oneof.fieldsArray[0]!, "proto3_optional") === true;
}

/**
 * The value of an option: a scalar, a list, or an object for an aggregate. An option that is set in parts
 * (`(a).b = 1, (a).c = 2`) may come as a list of parts.
 */
function optionOf(object: protobuf.ReflectionObject, name: string): unknown {
  const parsed = object.parsedOptions;
  if (Array.isArray(parsed)) {
    const options: readonly Record<string, unknown>[] = parsed;
    for (const option of options) if (name in option) return option[name];
  }
  return object.options?.[name];
}
