import { unreachable } from "../../base/unreachable.ts";
import { DecodeError } from "../codec/decode-error.ts";
import type { Descriptors, FieldDescriptor, FieldKind } from "../descriptor.ts";
import type { JsonValue } from "../json-value.ts";
import type { Message } from "../message.ts";
import { isRecord, setOwn } from "../record.ts";
import { typeNameOf } from "../type-urls.ts";
import { hasOwnForm, wrapperKinds } from "../well-known-types.ts";
import { scalarToJson } from "./scalars.ts";
import { ownForms } from "./well-known.ts";

/** How a message is printed as JSON. */
export interface ToJsonOptions {
  /** `field` (default) prints `connect_timeout`, `json` prints `connectTimeout`. */
  readonly names?: "field" | "json";
  /**
   * Hides fields that the API marks as sensitive, and all below them, as Envoy's /config_dump does: strings and bytes
   * become `[redacted]`, other scalars are left out. Default false.
   */
  readonly mask?: boolean;
}

interface Run {
  readonly usesJsonNames: boolean;
  readonly masks: boolean;
}

type ValueKind = Exclude<FieldKind, { kind: "map" }>;
type Fields = Record<string, JsonValue>;

const redacted = "[redacted]";

/** Prints messages in the proto3 JSON form, fields by number. */
export class JsonPrinter {
  readonly #descriptors: Descriptors;
  readonly #decode: (typeName: string, bytes: Buffer) => Message;

  constructor(descriptors: Descriptors, decode: (typeName: string, bytes: Buffer) => Message) {
    this.#descriptors = descriptors;
    this.#decode = decode;
  }

  print(typeName: string, message: Message, options: ToJsonOptions): JsonValue {
    const run = { usesJsonNames: options.names === "json", masks: options.mask ?? false };
    return this.#message(typeName, message, run, false);
  }

  /** `isSecret`: a field around this message is sensitive, and it is to be masked. */
  #message(typeName: string, message: Message, run: Run, isSecret: boolean): JsonValue {
    if (typeName === "google.protobuf.Any") return this.#any(message, run, isSecret);
    const ownForm = ownForms.get(typeName);
    if (ownForm) return isSecret ? redacted : ownForm(message);
    const wrapped = wrapperKinds.get(typeName);
    if (wrapped) {
      const value =
        message["value"] ?? (wrapped === "string" ? "" : wrapped === "bytes" ? Buffer.alloc(0) : 0);
      return this.#value({ kind: "scalar", scalar: wrapped }, value, run, isSecret) ?? null;
    }
    return this.#fields(typeName, message, run, isSecret, {});
  }

  #fields(typeName: string, message: Message, run: Run, isSecret: boolean, out: Fields): Fields {
    const descriptor = this.#descriptors.messages.get(typeName);
    if (!descriptor) throw new Error(`the schema has no message type ${typeName}`);
    for (const field of descriptor.fields) {
      const value = message[field.name];
      if (value === undefined) continue;
      const hides = isSecret || (run.masks && field.isSensitive === true);
      const printed = this.#field(field, value, run, hides);
      if (printed !== undefined) setOwn(out, run.usesJsonNames ? field.jsonName : field.name, printed);
    }
    return out;
  }

  #field(field: FieldDescriptor, value: unknown, run: Run, isSecret: boolean): JsonValue | undefined {
    const { type } = field;
    if (type.kind === "map") return this.#map(type.value, value, run, isSecret);
    if (!field.isRepeated) return this.#value(type, value, run, isSecret);
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    return items.map((item) => this.#value(type, item, run, isSecret)).filter((item) => item !== undefined);
  }

  #map(type: ValueKind, value: unknown, run: Run, isSecret: boolean): JsonValue {
    const object: Fields = {};
    if (!isRecord(value)) return object;
    for (const key of Object.keys(value).sort()) {
      const printed = this.#value(type, value[key], run, isSecret);
      if (printed !== undefined) setOwn(object, key, printed);
    }
    return object;
  }

  #value(type: ValueKind, value: unknown, run: Run, isSecret: boolean): JsonValue | undefined {
    switch (type.kind) {
      case "message":
        return isRecord(value) ? this.#message(type.name, value, run, isSecret) : undefined;
      case "enum":
        return isSecret ? undefined : this.#enum(type.name, value);
      case "scalar":
        if (!isSecret) return scalarToJson(type.scalar, value);
        if (type.scalar === "string") return redacted;
        return type.scalar === "bytes" ? Buffer.from(redacted).toString("base64") : undefined;
      default:
        return unreachable(type);
    }
  }

  #enum(name: string, value: unknown): JsonValue {
    if (name === "google.protobuf.NullValue") return null;
    if (typeof value === "string") return value;
    const number = Number(value);
    const known = this.#descriptors.enums.get(name)?.values.find((each) => each.number === number);
    return known?.name ?? number;
  }

  #any(any: Message, run: Run, isSecret: boolean): JsonValue {
    const { type_url: typeUrl, value } = any;
    if (typeof typeUrl !== "string") return {};
    const typeName = typeNameOf(typeUrl);
    const bytes = Buffer.isBuffer(value) ? value : Buffer.alloc(0);
    const content = this.#content(typeName, bytes);
    // Without its type the content cannot be shown, and it may hold secrets.
    if (!content) return { "@type": typeUrl, value: isSecret ? redacted : bytes.toString("base64") };
    if (hasOwnForm(typeName))
      return { "@type": typeUrl, value: this.#message(typeName, content, run, isSecret) };
    return this.#fields(typeName, content, run, isSecret, { "@type": typeUrl });
  }

  #content(typeName: string, bytes: Buffer): Message | undefined {
    if (!this.#descriptors.messages.has(typeName)) return undefined;
    try {
      return this.#decode(typeName, bytes);
    } catch (cause) {
      if (cause instanceof DecodeError) return undefined;
      throw cause;
    }
  }
}
