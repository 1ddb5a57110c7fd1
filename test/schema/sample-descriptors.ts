import type {
  Descriptors,
  EnumDescriptor,
  FieldDescriptor,
  FieldKind,
  MessageDescriptor,
  ScalarKind,
} from "../../src/schema/descriptor.ts";

type FieldExtras = Partial<Omit<FieldDescriptor, "name" | "number" | "type">>;

type ValueKind = Exclude<FieldKind, { kind: "map" }>;

export const scalar = (kind: ScalarKind): ValueKind => ({ kind: "scalar", scalar: kind });
export const message = (name: string): ValueKind => ({ kind: "message", name });
export const enumeration = (name: string): ValueKind => ({ kind: "enum", name });
export const map = (key: ScalarKind, value: ValueKind): FieldKind => ({
  kind: "map",
  key,
  value,
});

/** A field as proto3 would declare it: presence for messages and oneof members, packed where it can be. */
export function field(
  name: string,
  number: number,
  type: FieldKind,
  extras: FieldExtras = {},
): FieldDescriptor {
  const isNumeric =
    type.kind === "enum" || (type.kind === "scalar" && type.scalar !== "string" && type.scalar !== "bytes");
  const isRepeated = extras.isRepeated ?? false;
  return {
    name,
    number,
    type,
    jsonName: name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    isRepeated,
    isPacked: isRepeated && isNumeric,
    hasPresence: !isRepeated && (type.kind === "message" || extras.oneof !== undefined),
    ...extras,
  };
}

export function type(
  name: string,
  fields: readonly FieldDescriptor[],
  extras: Partial<MessageDescriptor> = {},
): MessageDescriptor {
  const oneofs = [...new Set(fields.flatMap((each) => each.oneof ?? []))];
  return { name, fields, oneofs: oneofs.map((each) => ({ name: each, isRequired: false })), ...extras };
}

export function descriptorsOf(
  messages: readonly MessageDescriptor[],
  enums: readonly EnumDescriptor[] = [],
): Descriptors {
  return {
    messages: new Map(messages.map((each) => [each.name, each])),
    enums: new Map(enums.map((each) => [each.name, each])),
  };
}

const scalars: readonly ScalarKind[] = [
  "double",
  "float",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "string",
  "bytes",
];

/** Every shape that a field can have, in the two types `test.All` and `test.Item`. */
export const sample = descriptorsOf(
  [
    type("test.All", [
      ...scalars.map((kind, index) => field(`a_${kind}`, index + 1, scalar(kind))),
      ...scalars.map((kind, index) => field(`many_${kind}`, index + 101, scalar(kind), { isRepeated: true })),
      field("color", 21, enumeration("test.Color")),
      field("many_color", 22, enumeration("test.Color"), { isRepeated: true }),
      field("item", 31, message("test.Item")),
      field("many_item", 32, message("test.Item"), { isRepeated: true }),
      field("self", 33, message("test.All")),
      field("by_name", 41, map("string", scalar("string"))),
      field("by_number", 42, map("int64", message("test.Item"))),
      field("by_flag", 43, map("bool", enumeration("test.Color"))),
      field("maybe", 51, scalar("uint32"), { hasPresence: true }),
      field("left", 61, scalar("string"), { oneof: "side" }),
      field("right", 62, message("test.Item"), { oneof: "side" }),
      field("middle", 63, message("test.Item"), { oneof: "side" }),
    ]),
    type("test.Item", [field("name", 1, scalar("string")), field("size", 2, scalar("uint32"))]),
  ],
  [
    {
      name: "test.Color",
      values: [
        { name: "NONE", number: 0 },
        { name: "RED", number: 1 },
        { name: "CRIMSON", number: 1 },
        { name: "COLD", number: -1 },
      ],
    },
  ],
);
