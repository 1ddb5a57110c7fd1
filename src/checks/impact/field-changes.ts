import { decodeOnce } from "../../config/decode-once.ts";
import type { FieldDescriptor, FieldKind } from "../../schema/descriptor.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import type { Message } from "../../schema/message.ts";
import { fieldPath, keyPath } from "../../schema/path.ts";
import { isRecord } from "../../schema/record.ts";
import type { Schema } from "../../schema/schema.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { hasOwnForm } from "../../schema/well-known-types.ts";
import { pairItems } from "./pair-items.ts";

/** One difference between two messages, by field. Values are JSON with secrets masked. */
export interface FieldChange {
  /** `reordered`: a list has the same items in another order; `from` and `to` are their names. */
  readonly kind: "added" | "removed" | "changed" | "reordered";
  /** With the identity of list items: `virtual_hosts["web"].routes[0].route.cluster`. */
  readonly path: string;
  /** Absent when added. */
  readonly from?: JsonValue;
  /** Absent when removed. */
  readonly to?: JsonValue;
}

const secret = "[redacted]";

interface Comparison {
  readonly schema: Schema;
  readonly changes: FieldChange[];
}

/**
 * What differs between two messages of a type, in the order of fields: messages inside are gone into, typed configs too; items of
 * lists are known by what identifies them, not by their place. Of sensitive fields only that they differ is told.
 */
export function fieldChanges(
  schema: Schema,
  typeName: string,
  before: Message,
  after: Message,
): readonly FieldChange[] {
  const comparison: Comparison = { schema, changes: [] };
  compareMessages(comparison, typeName, before, after, "", false);
  return comparison.changes;
}

function compareMessages(
  comparison: Comparison,
  typeName: string,
  before: Message,
  after: Message,
  path: string,
  isSecret: boolean,
): void {
  const fields = comparison.schema.descriptors.messages.get(typeName)?.fields ?? [];
  for (const field of fields) {
    const from = before[field.name];
    const to = after[field.name];
    if (from === undefined && to === undefined) continue;
    const at = fieldPath(path, field.name);
    compareField(
      comparison,
      { typeName, field, isSecret: isSecret || field.isSensitive === true },
      from,
      to,
      at,
    );
  }
}

interface Where {
  /** The message that the field is in. */
  readonly typeName: string;
  readonly field: FieldDescriptor;
  readonly isSecret: boolean;
}

function compareField(comparison: Comparison, where: Where, from: unknown, to: unknown, path: string): void {
  const { type, isRepeated } = where.field;
  if (type.kind === "map")
    return compareMaps(comparison, where, type.value, recordOf(from), recordOf(to), path);
  if (isRepeated) return compareLists(comparison, where, listOf(from), listOf(to), path);
  compareValues(comparison, where, type, from, to, path);
}

function compareMaps(
  comparison: Comparison,
  where: Where,
  type: FieldKind,
  from: Message,
  to: Message,
  path: string,
): void {
  for (const key of [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()) {
    compareValues(comparison, where, type, from[key], to[key], keyPath(path, key));
  }
}

function compareLists(
  comparison: Comparison,
  where: Where,
  from: readonly unknown[],
  to: readonly unknown[],
  path: string,
): void {
  const { type } = where.field;
  const name = type.kind === "message" ? type.name : "";
  const { pairs, order } = pairItems(name, from, to, isEqual);
  for (const { label, before, after } of pairs) {
    compareValues(comparison, where, type, before, after, `${path}[${label}]`);
  }
  if (order && !where.isSecret)
    comparison.changes.push({ kind: "reordered", path, from: order.before, to: order.after });
}

function compareValues(
  comparison: Comparison,
  where: Where,
  type: FieldKind,
  from: unknown,
  to: unknown,
  path: string,
): void {
  if (isEqual(from, to)) return;
  if (type.kind === "message" && isRecord(from) && isRecord(to)) {
    if (type.name === "google.protobuf.Any") return compareAnys(comparison, where, from, to, path);
    if (!hasOwnForm(type.name)) return compareMessages(comparison, type.name, from, to, path, where.isSecret);
  }
  report(comparison, where, from, to, path);
}

/** What two Anys of one known type hold is compared by field; others as a whole. */
function compareAnys(comparison: Comparison, where: Where, from: Message, to: Message, path: string): void {
  const { schema } = comparison;
  const typeUrl = from["type_url"];
  const typeName = typeof typeUrl === "string" ? typeNameOf(typeUrl) : "";
  const isKnown = schema.descriptors.messages.has(typeName) && !hasOwnForm(typeName);
  const other = to["type_url"];
  if (!isKnown || typeof other !== "string" || typeNameOf(other) !== typeName) {
    return report(comparison, where, from, to, path);
  }
  compareMessages(
    comparison,
    typeName,
    contentOf(schema, typeName, from),
    contentOf(schema, typeName, to),
    path,
    where.isSecret,
  );
}

function contentOf(schema: Schema, typeName: string, { value }: Message): Message {
  return Buffer.isBuffer(value) ? decodeOnce(schema, typeName, value) : {};
}

function report(comparison: Comparison, where: Where, from: unknown, to: unknown, path: string): void {
  const kind = from === undefined ? "added" : to === undefined ? "removed" : "changed";
  comparison.changes.push({
    kind,
    path,
    ...(from !== undefined && { from: shown(comparison.schema, where, from) }),
    ...(to !== undefined && { to: shown(comparison.schema, where, to) }),
  });
}

/** The JSON of one value: printed as the only value of its field, since how it prints depends on the field. */
function shown(schema: Schema, { typeName, field, isSecret }: Where, value: unknown): JsonValue {
  if (isSecret) return secret;
  const held = field.type.kind === "map" ? { key: value } : field.isRepeated ? [value] : value;
  const printed = keyOf(schema.toJson(typeName, { [field.name]: held }, { mask: true }), field.name);
  if (field.type.kind === "map") return keyOf(printed, "key");
  return field.isRepeated && isJsonList(printed) ? (printed[0] ?? null) : printed;
}

function keyOf(json: JsonValue, key: string): JsonValue {
  return typeof json === "object" && json !== null && !isJsonList(json) ? (json[key] ?? null) : null;
}

function isJsonList(json: JsonValue): json is readonly JsonValue[] {
  return Array.isArray(json);
}

/** Equality of values in memory: sparse messages, lists, bytes and scalars. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Uint8Array || other instanceof Uint8Array)
    return one instanceof Uint8Array && other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  if (Array.isArray(one) || Array.isArray(other)) {
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isEqual(item, other[index]))
    );
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key], other[key]))
  );
}

function recordOf(value: unknown): Message {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
