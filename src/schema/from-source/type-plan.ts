import type {
  Descriptors,
  FieldDescriptor,
  FieldKind,
  MessageDescriptor,
  ScalarKind,
} from "../descriptor.ts";
import type { ScalarNode } from "../source-node.ts";
import { MadeWhenNeeded } from "../made-when-needed.ts";
import { integerRanges } from "./numbers.ts";
import type { Walk } from "./walk.ts";
import { enumReader, type Reader, scalarReader } from "./scalars.ts";
import {
  readDuration,
  readFieldMask,
  readListValue,
  readStruct,
  readTimestamp,
  readValue,
} from "./well-known.ts";

/** How a field is read from a tree. */
export interface FieldSource {
  readonly field: FieldDescriptor;
  readonly shape: "single" | "repeated" | "map";
  /** Reads one value: the field's, an item's, or a map entry's. */
  readonly read: Reader;
  /** True where null is a value of its own (google.protobuf.Value). */
  readonly takesNull: boolean;
  /** The value that is left out; undefined for a field with presence. */
  readonly implicitDefault: unknown;
  /** Normalizes a map key; undefined when the text is none. */
  readonly key?: (text: string) => string | undefined;
}

export interface TypePlan {
  readonly descriptor: MessageDescriptor;
  /** By proto name and by JSON name. */
  readonly fields: ReadonlyMap<string, FieldSource>;
}

/** Makes each type's plan when it is first needed. `readMessage` reads a nested message of any type. */
export class TypePlans {
  readonly #descriptors: Descriptors;
  readonly #readMessage: (typeName: string) => Reader;
  readonly #plans: MadeWhenNeeded<TypePlan>;

  constructor(descriptors: Descriptors, readMessage: (typeName: string) => Reader) {
    this.#descriptors = descriptors;
    this.#readMessage = readMessage;
    this.#plans = new MadeWhenNeeded(descriptors, (descriptor) => this.#make(descriptor));
  }

  of(typeName: string): TypePlan | undefined {
    return this.#plans.of(typeName);
  }

  #make(descriptor: MessageDescriptor): TypePlan {
    const fields = new Map<string, FieldSource>();
    for (const field of descriptor.fields) {
      const source = this.#field(field);
      fields.set(field.jsonName, source);
      fields.set(field.name, source);
    }
    return { descriptor, fields };
  }

  #field(field: FieldDescriptor): FieldSource {
    const { type } = field;
    const valueType = type.kind === "map" ? type.value : type;
    const shape = type.kind === "map" ? "map" : field.isRepeated ? "repeated" : "single";
    return {
      field,
      shape,
      read: this.#value(valueType),
      takesNull: isNullable(valueType),
      implicitDefault: field.hasPresence || shape !== "single" ? undefined : this.#defaultOf(valueType),
      ...(type.kind === "map" ? { key: keyReader(type.key) } : {}),
    };
  }

  #value(type: Exclude<FieldKind, { kind: "map" }>): Reader {
    if (type.kind === "scalar") return scalarReader(type.scalar);
    if (type.kind === "message") return this.#readMessage(type.name);
    if (type.name === nullValue) return () => "NULL_VALUE";
    const descriptor = this.#descriptors.enums.get(type.name);
    if (!descriptor) throw new Error(`the schema has no enum ${type.name}`);
    return enumReader(descriptor);
  }

  #defaultOf(type: Exclude<FieldKind, { kind: "map" }>): unknown {
    if (type.kind === "enum") {
      return this.#descriptors.enums.get(type.name)?.values.find(({ number }) => number === 0)?.name;
    }
    if (type.kind === "message" || type.scalar === "bytes") return undefined;
    if (type.scalar === "bool") return false;
    if (type.scalar === "string") return "";
    return type.scalar.endsWith("64") ? "0" : 0;
  }
}

const nullValue = "google.protobuf.NullValue";

function isNullable(type: Exclude<FieldKind, { kind: "map" }>): boolean {
  return type.kind !== "scalar" && (type.name === "google.protobuf.Value" || type.name === nullValue);
}

function keyReader(kind: ScalarKind): (text: string) => string | undefined {
  if (kind === "string") return (text) => text;
  if (kind === "bool") return (text) => (text === "true" || text === "false" ? text : undefined);
  const range = integerRanges.get(kind);
  return (text) => {
    if (!range || !/^-?[0-9]+$/.test(text)) return undefined;
    const value = BigInt(text);
    return value >= range.min && value <= range.max ? String(value) : undefined;
  };
}

type ScalarForm = (node: ScalarNode, walk: Walk) => object | undefined;

/** Types whose JSON form is a scalar; given a mapping they are read field by field, as Envoy does. */
export const scalarForms: ReadonlyMap<string, ScalarForm> = new Map([
  ["google.protobuf.Duration", readDuration],
  ["google.protobuf.Timestamp", readTimestamp],
  ["google.protobuf.FieldMask", readFieldMask],
]);

/** Types whose JSON form is any mapping, list or value. */
export const freeForms: ReadonlyMap<string, Reader> = new Map([
  ["google.protobuf.Struct", readStruct],
  ["google.protobuf.ListValue", readListValue],
  ["google.protobuf.Value", readValue],
]);
