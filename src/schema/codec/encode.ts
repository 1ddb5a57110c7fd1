import { errorMessage } from "../../base/error-message.ts";
import type { Message } from "../message.ts";
import { isRecord } from "../record.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { FieldPlan, MessagePlan, ValuePlan } from "./plan.ts";
import { tagOf, wireTypeOf } from "./plan.ts";

/** A message that does not fit its type: a caller's mistake, named with the path of the field. */
export class EncodeError extends TypeError {
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.name = "EncodeError";
    this.path = path;
    this.reason = reason;
  }
}

/**
 * Writes a message in canonical form: fields by number, map entries by key, repeated numbers packed, and nothing
 * for a field without presence that has its default (the order of deterministic serialization in C++ and upb).
 */
export function writeMessage(writer: ByteWriter, plan: MessagePlan, message: Message): void {
  for (const field of fieldsInOrder(plan, message)) {
    const value = message[field.name];
    try {
      writeField(writer, field, value);
    } catch (cause) {
      if (cause instanceof EncodeError) throw new EncodeError(`${field.name}.${cause.path}`, cause.reason);
      throw new EncodeError(field.name, errorMessage(cause));
    }
  }
}

/** Most messages hold their fields in order already; only the others are sorted. */
function fieldsInOrder(plan: MessagePlan, message: Message): FieldPlan[] {
  const fields: FieldPlan[] = [];
  let isSorted = true;
  let last = 0;
  for (const name of Object.keys(message)) {
    if (message[name] === undefined) continue;
    const field = plan.byName.get(name);
    if (!field) throw new EncodeError(name, `${plan.name} has no such field`);
    if (field.field.number < last) isSorted = false;
    last = field.field.number;
    fields.push(field);
  }
  return isSorted ? fields : fields.sort((a, b) => a.field.number - b.field.number);
}

function writeField(writer: ByteWriter, field: FieldPlan, value: unknown): void {
  switch (field.shape) {
    case "single":
      if (!field.field.hasPresence && field.value.kind !== "message" && field.value.codec.isDefault(value)) {
        return;
      }
      writer.uint32(field.tag);
      writeValue(writer, field.value, value);
      return;
    case "repeated":
      for (const item of listOf(value)) {
        writer.uint32(field.tag);
        writeValue(writer, field.value, item);
      }
      return;
    case "packed": {
      const items = listOf(value);
      if (items.length === 0) return;
      writer.uint32(field.tag);
      const start = writer.open();
      for (const item of items) writeValue(writer, field.value, item);
      writer.close(start);
      return;
    }
    case "map":
      writeMap(writer, field, recordOf(value));
  }
}

function writeValue(writer: ByteWriter, plan: ValuePlan, value: unknown): void {
  if (plan.kind !== "message") {
    plan.codec.write(writer, value);
    return;
  }
  const start = writer.open();
  writeMessage(writer, plan.message(), recordOf(value));
  writer.close(start);
}

/** Key and value of an entry are always written, as C++, Go and Python do. */
function writeMap(writer: ByteWriter, field: FieldPlan, entries: Message): void {
  const key = field.key!;
  const valueTag = tagOf(2, wireTypeOf(field.value));
  const parse = key.scalar === "bool" ? (name: string) => name === "true" : (name: string) => name;
  for (const name of sortedKeys(Object.keys(entries), key.scalar)) {
    writer.uint32(field.tag);
    const start = writer.open();
    writer.uint32(tagOf(1, key.codec.wireType));
    key.codec.write(writer, parse(name));
    writer.uint32(valueTag);
    writeValue(writer, field.value, entries[name]);
    writer.close(start);
  }
}

/** Strings by their UTF-8 bytes, numbers by value, false before true. */
function sortedKeys(keys: string[], scalar: string): string[] {
  if (keys.length < 2) return keys;
  if (scalar === "string") return keys.sort(compareUtf8);
  if (scalar === "bool") return keys.sort();
  return keys.sort((a, b) => {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  });
}

/** The order of the UTF-8 bytes, which differs from that of UTF-16 units only where surrogates are involved. */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) {
      const isSurrogateX = x >= 0xd800 && x <= 0xdfff;
      const isSurrogateY = y >= 0xd800 && y <= 0xdfff;
      if (isSurrogateX !== isSurrogateY) return isSurrogateX ? 1 : -1;
      return x - y;
    }
  }
  return a.length - b.length;
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RangeError(`expected a list, found ${typeof value}`);
}

function recordOf(value: unknown): Message {
  if (isRecord(value)) return value;
  throw new RangeError(`expected a message, found ${value === null ? "null" : typeof value}`);
}
