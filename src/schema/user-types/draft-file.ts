import type { MessageOf } from "../api.ts";
import type { EnumDescriptor, ScalarKind } from "../descriptor.ts";
import type { DraftField, DraftFile, DraftMessage, DraftType, DraftValueType } from "../descriptors/draft.ts";
import { isScalarKind, jsonNameOf } from "../descriptors/draft.ts";
import { isRecord } from "../record.ts";
import type { Features } from "./features.ts";
import { fileFeatures, overlay } from "./features.ts";

type FileProto = MessageOf<"google.protobuf.FileDescriptorProto">;
type MessageProto = MessageOf<"google.protobuf.DescriptorProto">;
type EnumProto = MessageOf<"google.protobuf.EnumDescriptorProto">;
type FieldProto = MessageOf<"google.protobuf.FieldDescriptorProto">;

/** Turns one file of a FileDescriptorSet, decoded with `withOptionExtensions`, into a draft. */
export function draftFile(file: FileProto): DraftFile {
  const messages: DraftMessage[] = [];
  const enums: EnumDescriptor[] = [];
  const visit = (scope: string, message: MessageProto, outer: Features) => {
    const name = qualify(scope, message.name);
    const features = overlay(outer, message.options?.features);
    messages.push(draftMessage(name, message, features));
    for (const nested of message.enum_type ?? []) enums.push(draftEnum(name, nested));
    for (const nested of message.nested_type ?? []) {
      if (nested.options?.map_entry !== true) visit(name, nested, features);
    }
  };
  const scope = file.package ?? "";
  for (const message of file.message_type ?? []) visit(scope, message, fileFeatures(file));
  for (const type of file.enum_type ?? []) enums.push(draftEnum(scope, type));
  return { name: file.name ?? "", package: scope, imports: file.dependency ?? [], messages, enums };
}

const qualify = (scope: string, name = "") => (scope === "" ? name : `${scope}.${name}`);

function draftEnum(scope: string, type: EnumProto): EnumDescriptor {
  const values = (type.value ?? []).map((value) => ({
    name: value.name ?? "",
    number: value.number ?? 0,
    ...(isOn(value.options, "(envoy.annotations.disallowed_by_default_enum)") ? { isDisallowed: true } : {}),
  }));
  return { name: qualify(scope, type.name), values };
}

function draftMessage(name: string, message: MessageProto, features: Features): DraftMessage {
  const fields = message.field ?? [];
  // proto3 `optional` makes a oneof of its own for each field, which is none to anybody.
  const synthetic = new Set(
    fields.filter((field) => field.proto3_optional).map((field) => field.oneof_index),
  );
  const oneofs = (message.oneof_decl ?? []).map((oneof) => ({
    name: oneof.name ?? "",
    isRequired: isOn(oneof.options, "(validate.required)"),
  }));
  return {
    name,
    fields: fields.map((field) => draftField(field, message, features, oneofs)),
    oneofs: oneofs.filter((_, index) => !synthetic.has(index)),
    rulesDisabled:
      isOn(message.options, "(validate.disabled)") || isOn(message.options, "(validate.ignored)"),
  };
}

function draftField(
  field: FieldProto,
  message: MessageProto,
  outer: Features,
  oneofs: DraftMessage["oneofs"],
): DraftField {
  const { name = "", number = 0, options } = field;
  const features = overlay(outer, options?.features);
  const type = draftType(field, message, features);
  const oneof =
    field.oneof_index === undefined || field.proto3_optional ? undefined : oneofs[field.oneof_index];
  const rules = isRecord(options) ? options["(validate.rules)"] : undefined;
  return {
    name,
    jsonName: field.json_name ?? jsonNameOf(name),
    number,
    type,
    isRepeated: field.label === "LABEL_REPEATED" && type.kind !== "map",
    wantsPacked: options?.packed ?? features.isPacked,
    hasPresence: features.hasPresence || field.oneof_index !== undefined,
    ...(oneof ? { oneof: oneof.name } : {}),
    isDeprecated: options?.deprecated === true,
    isDisallowed: isOn(options, "(envoy.annotations.disallowed_by_default)"),
    isSensitive: isOn(options, "(udpa.annotations.sensitive)"),
    ...(rules === undefined ? {} : { rules }),
  };
}

function draftType(field: FieldProto, message: MessageProto, features: Features): DraftType {
  const entry = mapEntryOf(field, message);
  const [key, item] = entry?.field ?? [];
  if (key && item) return { kind: "map", key: scalarOf(key) ?? "string", value: valueType(item) };
  const value = valueType(field);
  const isGroup = field.type === "TYPE_GROUP" || (field.type === "TYPE_MESSAGE" && features.isDelimited);
  return isGroup && value.kind === "named" ? { kind: "group", name: value.name } : value;
}

/** A map is a repeated message made up by the compiler, nested beside the field. */
function mapEntryOf(field: FieldProto, message: MessageProto): MessageProto | undefined {
  const name = field.type_name?.slice(field.type_name.lastIndexOf(".") + 1);
  return message.nested_type?.find((nested) => nested.options?.map_entry === true && nested.name === name);
}

function valueType(field: FieldProto): DraftValueType {
  const scalar = scalarOf(field);
  return scalar ? { kind: "scalar", scalar } : { kind: "named", name: field.type_name ?? "" };
}

/** `TYPE_SFIXED64` is `sfixed64`; undefined for messages, groups and enums. */
function scalarOf(field: FieldProto): ScalarKind | undefined {
  const name = typeof field.type === "string" ? field.type.slice("TYPE_".length).toLowerCase() : "";
  return isScalarKind(name) ? name : undefined;
}

function isOn(options: unknown, name: string): boolean {
  return isRecord(options) && options[name] === true;
}
