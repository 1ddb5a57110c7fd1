import type {
  Descriptors,
  EnumDescriptor,
  FieldDescriptor,
  FieldKind,
  MessageDescriptor,
} from "../descriptor.ts";
import type { Message } from "../message.ts";
import { fileUnits, namesIn } from "./file-units.ts";

/** A service as reflection tells it. */
export interface ServiceShape {
  readonly name: string;
  readonly methods: readonly {
    readonly name: string;
    readonly input: string;
    readonly output: string;
    readonly kind: "unary" | "serverStream" | "bidi";
  }[];
}

/** A `google.protobuf.FileDescriptorProto` in the form of a decoded message, and the symbols that it defines. */
export interface FileProto {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly message: Message;
}

/**
 * The types as .proto files, for reflection. The bundle does not keep which file a type came from, so each type has a
 * file of its own; types that refer to each other share one, since imports have no cycles. Services come last.
 */
export function fileProtos(
  descriptors: Descriptors,
  services: readonly ServiceShape[],
): readonly FileProto[] {
  const { units, unitOf } = fileUnits(descriptors);
  const files = units.map(({ file, types }): FileProto => {
    const [first = ""] = types;
    const messages = types.flatMap((type) => descriptors.messages.get(type) ?? []);
    const enums = types.flatMap((type) => descriptors.enums.get(type) ?? []);
    const inner = types.flatMap((type) => innerNames(descriptors, type));
    return {
      name: file,
      symbols: [...types, ...inner],
      message: {
        name: file,
        package: packageOf(first),
        syntax: "proto3",
        dependency: dependencies(file, [...types, ...inner], descriptors, unitOf),
        message_type: messages.map((message) => messageProto(message, descriptors)),
        enum_type: enums.map(enumProto),
      },
    };
  });
  return [...files, ...services.map((service) => serviceFile(service, unitOf))];
}

/** The part of a name before the last dot. */
function packageOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf("."), 0));
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function innerNames({ messages, enums }: Descriptors, outer: string): readonly string[] {
  const prefix = `${outer}.`;
  return [...messages.keys(), ...enums.keys()].filter((name) => name.startsWith(prefix));
}

function dependencies(
  file: string,
  types: readonly string[],
  { messages }: Descriptors,
  unitOf: (type: string) => string,
): readonly string[] {
  const files = types.flatMap((type) =>
    (messages.get(type)?.fields ?? []).flatMap((field) => namesIn(field.type)).map(unitOf),
  );
  return [...new Set(files)].filter((other) => other !== file).sort();
}

function messageProto(message: MessageDescriptor, descriptors: Descriptors): Message {
  const own = (name: string) => packageOf(name) === message.name;
  const oneofs = message.oneofs.map(({ name }) => name);
  const optional = message.fields.filter(isProto3Optional);
  // Synthetic oneofs stand behind the real ones.
  const all = [...oneofs, ...optional.map(({ name }) => `_${name}`)];
  return {
    name: shortName(message.name),
    field: inOneofs(message.fields).map((field) => fieldProto(field, message.name, all)),
    nested_type: [
      ...[...descriptors.messages.values()]
        .filter(({ name }) => own(name))
        .map((inner) => messageProto(inner, descriptors)),
      ...message.fields.flatMap((field) => mapEntry(field)),
    ],
    enum_type: [...descriptors.enums.values()].filter(({ name }) => own(name)).map(enumProto),
    oneof_decl: all.map((name) => ({ name })),
  };
}

/** Members of a oneof one behind the other, as protoc has them; Go's library takes no others. */
function inOneofs(fields: readonly FieldDescriptor[]): readonly FieldDescriptor[] {
  const members = new Map<string, FieldDescriptor[]>();
  const units = fields.map((field) => {
    if (field.oneof === undefined) return [field];
    const known = members.get(field.oneof);
    if (known) {
      known.push(field);
      return [];
    }
    const unit = [field];
    members.set(field.oneof, unit);
    return unit;
  });
  return units.flat();
}

function isProto3Optional({ hasPresence, oneof, type, isRepeated }: FieldDescriptor): boolean {
  return hasPresence && oneof === undefined && !isRepeated && type.kind !== "message" && type.kind !== "map";
}

function fieldProto(field: FieldDescriptor, message: string, oneofs: readonly string[]): Message {
  const { name, jsonName, number, type, isRepeated } = field;
  const isOptional = isProto3Optional(field);
  const oneof = isOptional ? `_${name}` : field.oneof;
  const shape =
    type.kind === "map"
      ? { type: "TYPE_MESSAGE", type_name: `.${message}.${entryName(name)}` }
      : kindProto(type);
  return {
    name,
    json_name: jsonName,
    number,
    label: isRepeated || type.kind === "map" ? "LABEL_REPEATED" : "LABEL_OPTIONAL",
    ...shape,
    ...(oneof !== undefined && { oneof_index: oneofs.indexOf(oneof) }),
    ...(isOptional && { proto3_optional: true }),
  };
}

function kindProto(kind: Exclude<FieldKind, { kind: "map" }>): Message {
  if (kind.kind === "scalar") return { type: `TYPE_${kind.scalar.toUpperCase()}` };
  return { type: kind.kind === "enum" ? "TYPE_ENUM" : "TYPE_MESSAGE", type_name: `.${kind.name}` };
}

/** The name that protoc gives the entry of a map: `filter_metadata` has a FilterMetadataEntry. */
function entryName(field: string): string {
  return `${field.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}

function mapEntry({ name, type }: FieldDescriptor): readonly Message[] {
  if (type.kind !== "map") return [];
  const label = "LABEL_OPTIONAL";
  return [
    {
      name: entryName(name),
      field: [
        {
          name: "key",
          json_name: "key",
          number: 1,
          label,
          ...kindProto({ kind: "scalar", scalar: type.key }),
        },
        { name: "value", json_name: "value", number: 2, label, ...kindProto(type.value) },
      ],
      options: { map_entry: true },
    },
  ];
}

function enumProto({ name, values }: EnumDescriptor): Message {
  const hasAliases = new Set(values.map(({ number }) => number)).size < values.length;
  return {
    name: shortName(name),
    value: values.map((value) => ({ name: value.name, number: value.number })),
    ...(hasAliases && { options: { allow_alias: true } }),
  };
}

function serviceFile({ name, methods }: ServiceShape, unitOf: (type: string) => string): FileProto {
  const file = `${name.replaceAll(".", "/")}.proto`;
  const types = methods.flatMap(({ input, output }) => [input, output]);
  return {
    name: file,
    symbols: [name, ...methods.map((method) => `${name}.${method.name}`)],
    message: {
      name: file,
      package: packageOf(name),
      syntax: "proto3",
      dependency: [...new Set(types.map(unitOf))].sort(),
      service: [
        {
          name: shortName(name),
          method: methods.map((method) => ({
            name: method.name,
            input_type: `.${method.input}`,
            output_type: `.${method.output}`,
            client_streaming: method.kind === "bidi",
            server_streaming: method.kind !== "unary",
          })),
        },
      ],
    },
  };
}
