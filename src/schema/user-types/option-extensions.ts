import type { Descriptors, FieldDescriptor, FieldKind, MessageDescriptor } from "../descriptor.ts";
import { FIELD_RULES } from "../descriptors/rules.ts";

/** The extensions of descriptor.proto that Chancery reads, under the names that they have in the code below. */
const extensions: Readonly<Record<string, readonly FieldDescriptor[]>> = {
  "google.protobuf.FieldOptions": [
    extension("(validate.rules)", 1071, { kind: "message", name: FIELD_RULES }),
    extension("(envoy.annotations.disallowed_by_default)", 189503207),
    extension("(udpa.annotations.sensitive)", 76569463),
  ],
  "google.protobuf.OneofOptions": [extension("(validate.required)", 1071)],
  "google.protobuf.MessageOptions": [
    extension("(validate.disabled)", 1071),
    extension("(validate.ignored)", 1072),
  ],
  "google.protobuf.EnumValueOptions": [extension("(envoy.annotations.disallowed_by_default_enum)", 70100853)],
};

/**
 * The same types, with the extensions as plain fields of the option messages: decoded options then have them under
 * their names in parentheses, as an option is written in a .proto file.
 */
export function withOptionExtensions(base: Descriptors): Descriptors {
  const messages = new Map(base.messages);
  for (const [name, added] of Object.entries(extensions)) {
    const message = messages.get(name);
    if (message) messages.set(name, extend(message, added));
  }
  return { messages, enums: base.enums };
}

function extend(message: MessageDescriptor, added: readonly FieldDescriptor[]): MessageDescriptor {
  return { ...message, fields: [...message.fields, ...added].sort((a, b) => a.number - b.number) };
}

function extension(
  name: string,
  number: number,
  type: FieldKind = { kind: "scalar", scalar: "bool" },
): FieldDescriptor {
  return { name, jsonName: name, number, type, isRepeated: false, isPacked: false, hasPresence: true };
}
