import type { FieldDescriptor, FieldKind } from "../schema/descriptor.ts";
import type { Message } from "../schema/message.ts";
import { decodeOnce } from "./decode-once.ts";
import { fieldPath, itemPath, keyPath } from "../schema/path.ts";
import { isRecord } from "../schema/record.ts";
import type { Schema } from "../schema/schema.ts";
import { typeNameOf } from "../schema/type-urls.ts";

/** Called for a message and where it is; false keeps out of what is inside it. */
export type Visit = (typeName: string, message: Message, path: string) => boolean;

/**
 * Visits a message and every message inside it, outer ones first. What an Any holds is visited at the Any's own
 * path, as it is written in YAML, when the schema knows its type.
 */
export function walk(schema: Schema, typeName: string, message: object, path: string, visit: Visit): void {
  if (!isRecord(message)) return;
  if (typeName === "google.protobuf.Any") return walkAny(schema, message, path, visit);
  if (!visit(typeName, message, path)) return;
  const fields = fieldsOf(schema, typeName);
  for (const [name, value] of Object.entries(message)) {
    const field = fields.get(name);
    if (field) walkField(schema, field, value, fieldPath(path, name), visit);
  }
}

function walkField(schema: Schema, field: FieldDescriptor, value: unknown, path: string, visit: Visit): void {
  const { type } = field;
  const into = (kind: FieldKind, item: unknown, itemAt: string) => {
    if (kind.kind === "message" && isRecord(item)) walk(schema, kind.name, item, itemAt, visit);
  };
  if (type.kind === "map") {
    if (!isRecord(value)) return;
    for (const [key, item] of Object.entries(value)) into(type.value, item, keyPath(path, key));
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => into(type, item, itemPath(path, index)));
  } else {
    into(type, value, path);
  }
}

function walkAny(schema: Schema, any: Message, path: string, visit: Visit): void {
  const { type_url: typeUrl, value = Buffer.alloc(0) } = any;
  if (typeof typeUrl !== "string" || !Buffer.isBuffer(value)) return;
  const typeName = typeNameOf(typeUrl);
  if (schema.descriptors.messages.has(typeName)) {
    walk(schema, typeName, decodeOnce(schema, typeName, value), path, visit);
  }
}

// A memo of the descriptors, which never change.
const fieldMaps = new WeakMap<object, ReadonlyMap<string, FieldDescriptor>>();

function fieldsOf(schema: Schema, typeName: string): ReadonlyMap<string, FieldDescriptor> {
  const type = schema.descriptors.messages.get(typeName);
  if (!type) return new Map();
  let map = fieldMaps.get(type);
  if (!map) {
    map = new Map(type.fields.map((field) => [field.name, field]));
    fieldMaps.set(type, map);
  }
  return map;
}
