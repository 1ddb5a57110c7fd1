import { unreachable } from "../../base/unreachable.ts";
import type { Descriptors, EnumDescriptor, FieldDescriptor, FieldKind, ScalarKind } from "../descriptor.ts";
import { type ScalarCodec, scalarCodecs, wireDelimited, wireVarint } from "./scalars.ts";

/** How one value of a field is written and read; a map is planned as its entry's key and value. */
export type ValuePlan =
  | { readonly kind: "scalar"; readonly codec: ScalarCodec }
  | { readonly kind: "enum"; readonly codec: ScalarCodec }
  | { readonly kind: "message"; readonly message: () => MessagePlan };

export interface FieldPlan {
  readonly field: FieldDescriptor;
  readonly name: string;
  /** `number << 3 | wire type` as it is written; a packed field's says length-delimited. */
  readonly tag: number;
  /** The tag of a single value, by which the unpacked form of a packed field is known. */
  readonly valueTag: number;
  readonly shape: "single" | "repeated" | "packed" | "map";
  readonly value: ValuePlan;
  /** Maps only. */
  readonly key?: { readonly codec: ScalarCodec; readonly scalar: ScalarKind };
  /** The other members of its oneof, which reading this one clears. */
  readonly rivals: readonly string[];
}

/** What the codec knows of one message type. */
export interface MessagePlan {
  readonly name: string;
  readonly byName: ReadonlyMap<string, FieldPlan>;
  readonly byNumber: ReadonlyMap<number, FieldPlan>;
}

/** A type name that the descriptors do not hold: a caller's mistake. */
export class UnknownTypeError extends Error {
  readonly typeName: string;
  constructor(typeName: string) {
    super(`the schema has no message type ${typeName}`);
    this.name = "UnknownTypeError";
    this.typeName = typeName;
  }
}

/** Makes each type's plan when it is first asked for, and keeps it. */
export class Plans {
  readonly #descriptors: Descriptors;
  readonly #messages = new Map<string, MessagePlan>();
  readonly #enums = new Map<string, ScalarCodec>();

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
  }

  /** Throws UnknownTypeError for a name that the descriptors do not hold. */
  of(typeName: string): MessagePlan {
    const known = this.#messages.get(typeName);
    if (known) return known;
    const descriptor = this.#descriptors.messages.get(typeName);
    if (!descriptor) throw new UnknownTypeError(typeName);
    const plans = descriptor.fields.map((field) => this.#field(field, descriptor.fields));
    const plan: MessagePlan = {
      name: typeName,
      byName: new Map(plans.map((each) => [each.name, each])),
      byNumber: new Map(plans.map((each) => [each.field.number, each])),
    };
    this.#messages.set(typeName, plan);
    return plan;
  }

  #field(field: FieldDescriptor, siblings: readonly FieldDescriptor[]): FieldPlan {
    const { oneof } = field;
    const rivals =
      oneof === undefined
        ? []
        : siblings.filter((each) => each !== field && each.oneof === oneof).map(({ name }) => name);
    if (field.type.kind === "map") {
      const tag = tagOf(field.number, wireDelimited);
      const key = { codec: scalarCodecs[field.type.key], scalar: field.type.key };
      const value = this.#value(field.type.value);
      return { field, name: field.name, tag, valueTag: tag, shape: "map", value, key, rivals };
    }
    const value = this.#value(field.type);
    const shape = field.isRepeated ? (field.isPacked ? "packed" : "repeated") : "single";
    const valueTag = tagOf(field.number, wireTypeOf(value));
    const tag = shape === "packed" ? tagOf(field.number, wireDelimited) : valueTag;
    return { field, name: field.name, tag, valueTag, shape, value, rivals };
  }

  #value(type: Exclude<FieldKind, { kind: "map" }>): ValuePlan {
    switch (type.kind) {
      case "scalar":
        return { kind: "scalar", codec: scalarCodecs[type.scalar] };
      case "enum":
        return { kind: "enum", codec: this.#enum(type.name) };
      case "message": {
        let plan: MessagePlan | undefined;
        return { kind: "message", message: () => (plan ??= this.of(type.name)) };
      }
      default:
        return unreachable(type);
    }
  }

  #enum(name: string): ScalarCodec {
    const known = this.#enums.get(name);
    if (known) return known;
    const descriptor = this.#descriptors.enums.get(name);
    if (!descriptor) throw new UnknownTypeError(name);
    const codec = enumCodec(descriptor);
    this.#enums.set(name, codec);
    return codec;
  }
}

export function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

export function wireTypeOf(value: ValuePlan): number {
  return value.kind === "message" ? wireDelimited : value.codec.wireType;
}

function enumCodec(descriptor: EnumDescriptor): ScalarCodec {
  const numbers = new Map(descriptor.values.map(({ name, number }) => [name, number]));
  const names = new Map<number, string>();
  for (const { name, number } of descriptor.values) if (!names.has(number)) names.set(number, name);
  const { int32 } = scalarCodecs;
  const numberOf = (value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const number = numbers.get(value);
    if (number === undefined) throw new RangeError(`${descriptor.name} has no value ${value}`);
    return number;
  };
  return {
    wireType: wireVarint,
    defaultValue: names.get(0) ?? 0,
    write: (writer, value) => int32.write(writer, numberOf(value)),
    read: (reader) => {
      const number = reader.uint32() | 0;
      return names.get(number) ?? number;
    },
    isDefault: (value) => numberOf(value) === 0,
  };
}
