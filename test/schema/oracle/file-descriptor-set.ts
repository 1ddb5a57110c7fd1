import { create } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  MessageOptionsSchema,
  OneofDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type {
  Descriptors,
  FieldDescriptor,
  FieldKind,
  MessageDescriptor,
  ScalarKind,
} from "../../../src/schema/descriptor.ts";

type ValueKind = Exclude<FieldKind, { kind: "map" }>;

const scalarTypes: Readonly<Record<ScalarKind, Type>> = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
  sint32: Type.SINT32,
  sint64: Type.SINT64,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  sfixed32: Type.SFIXED32,
  sfixed64: Type.SFIXED64,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
};

/**
 * Our descriptors as a FileDescriptorSet, so that another implementation can be made to speak exactly the same types.
 * Types that refer to each other share a file, and files come after those they import.
 */
export function toFileDescriptorSet(descriptors: Descriptors): FileDescriptorSet {
  const graph = new TypeGraph(descriptors);
  const fileOf = new Map<string, string>();
  const file: FileDescriptorProto[] = [];
  for (const component of graph.components()) {
    const name = `${component[0]}.proto`;
    for (const root of component) fileOf.set(root, name);
    const imports = new Set(
      component.flatMap((root) => [...graph.dependencies(root)].map((each) => fileOf.get(each)!)),
    );
    imports.delete(name);
    const messages = component.filter((root) => descriptors.messages.has(root));
    const enums = component.filter((root) => descriptors.enums.has(root));
    file.push(
      create(FileDescriptorProtoSchema, {
        name,
        package: packageOf(component[0]!),
        syntax: "proto3",
        dependency: [...imports],
        messageType: messages.map((root) => messageProto(root, graph)),
        enumType: enums.map((root) => enumProto(root, descriptors)),
      }),
    );
  }
  return create(FileDescriptorSetSchema, { file });
}

/** Which top-level types need which, and which types are nested in which. */
class TypeGraph {
  readonly descriptors: Descriptors;
  readonly #nested = new Map<string, string[]>();
  readonly #roots: string[] = [];

  constructor(descriptors: Descriptors) {
    this.descriptors = descriptors;
    for (const name of [...descriptors.messages.keys(), ...descriptors.enums.keys()]) {
      const parent = packageOf(name);
      if (descriptors.messages.has(parent)) this.#nested.set(parent, [...this.nestedIn(parent), name]);
      else this.#roots.push(name);
    }
  }

  nestedIn(name: string): readonly string[] {
    return this.#nested.get(name) ?? [];
  }

  dependencies(root: string): Set<string> {
    const found = new Set<string>();
    const visit = (name: string): void => {
      for (const field of this.descriptors.messages.get(name)?.fields ?? []) {
        const type = field.type.kind === "map" ? field.type.value : field.type;
        if (type.kind !== "scalar") found.add(this.#rootOf(type.name));
      }
      this.nestedIn(name).forEach(visit);
    };
    visit(root);
    return found;
  }

  #rootOf(name: string): string {
    const parent = packageOf(name);
    return this.descriptors.messages.has(parent) ? this.#rootOf(parent) : name;
  }

  /** Tarjan's strongly connected components, which come out with dependencies first. */
  components(): string[][] {
    const index = new Map<string, number>();
    const low = new Map<string, number>();
    const stack: string[] = [];
    const result: string[][] = [];
    const connect = (name: string): void => {
      index.set(name, index.size);
      low.set(name, index.get(name)!);
      stack.push(name);
      for (const next of this.dependencies(name)) {
        if (!index.has(next)) connect(next);
        if (stack.includes(next)) low.set(name, Math.min(low.get(name)!, low.get(next)!));
      }
      if (low.get(name) === index.get(name)) result.push(stack.splice(stack.indexOf(name)));
    };
    for (const root of this.#roots) if (!index.has(root)) connect(root);
    return result;
  }
}

function messageProto(name: string, graph: TypeGraph): DescriptorProto {
  const { messages, enums } = graph.descriptors;
  const descriptor = messages.get(name)!;
  const oneofs = oneofNames(descriptor);
  const nested = graph.nestedIn(name);
  return create(DescriptorProtoSchema, {
    name: lastName(name),
    field: descriptor.fields.map((field) => fieldProto(name, field, oneofs)),
    oneofDecl: oneofs.map((each) => create(OneofDescriptorProtoSchema, { name: each })),
    nestedType: [
      ...nested.filter((each) => messages.has(each)).map((each) => messageProto(each, graph)),
      ...descriptor.fields.flatMap((field) =>
        field.type.kind === "map" ? [entryProto(field, field.type)] : [],
      ),
    ],
    enumType: nested.filter((each) => enums.has(each)).map((each) => enumProto(each, graph.descriptors)),
  });
}

/** Real oneofs first, then one for each proto3 `optional` scalar, as protoc numbers them. */
function oneofNames({ fields, oneofs }: MessageDescriptor): string[] {
  return [...oneofs.map(({ name }) => name), ...fields.filter(isOptional).map(({ name }) => `_${name}`)];
}

function isOptional(field: FieldDescriptor): boolean {
  return field.hasPresence && field.oneof === undefined && field.type.kind !== "message";
}

function fieldProto(parent: string, field: FieldDescriptor, oneofs: readonly string[]) {
  const { type } = field;
  const isRepeated = field.isRepeated || type.kind === "map";
  const oneof = isOptional(field) ? `_${field.name}` : field.oneof;
  const typed: ValueKind =
    type.kind === "map" ? { kind: "message", name: `${parent}.${entryName(field)}` } : type;
  return create(FieldDescriptorProtoSchema, {
    ...valueProto(typed),
    name: field.name,
    jsonName: field.jsonName,
    number: field.number,
    label: isRepeated ? Label.REPEATED : Label.OPTIONAL,
    ...(oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(oneof) }),
    ...(isOptional(field) ? { proto3Optional: true } : {}),
    ...(field.isRepeated ? { options: create(FieldOptionsSchema, { packed: field.isPacked }) } : {}),
  });
}

function valueProto(type: ValueKind) {
  if (type.kind === "scalar") return { type: scalarTypes[type.scalar] };
  return { type: type.kind === "enum" ? Type.ENUM : Type.MESSAGE, typeName: `.${type.name}` };
}

function entryName(field: FieldDescriptor): string {
  const words = field.name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join("")}Entry`;
}

function entryProto(field: FieldDescriptor, map: Extract<FieldKind, { kind: "map" }>): DescriptorProto {
  return create(DescriptorProtoSchema, {
    name: entryName(field),
    options: create(MessageOptionsSchema, { mapEntry: true }),
    field: [
      create(FieldDescriptorProtoSchema, {
        name: "key",
        number: 1,
        label: Label.OPTIONAL,
        type: scalarTypes[map.key],
      }),
      create(FieldDescriptorProtoSchema, {
        name: "value",
        number: 2,
        label: Label.OPTIONAL,
        ...valueProto(map.value),
      }),
    ],
  });
}

function enumProto(name: string, descriptors: Descriptors) {
  const { values } = descriptors.enums.get(name)!;
  return create(EnumDescriptorProtoSchema, {
    name: lastName(name),
    value: values.map((value) => ({ name: value.name, number: value.number })),
    options: { allowAlias: true },
  });
}

function packageOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
