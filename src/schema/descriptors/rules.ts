import type { FieldDescriptor, FieldKind, FieldRules, MessageDescriptor, ScalarKind } from "../descriptor.ts";

/** The type whose fields name every rule of protoc-gen-validate. */
export const FIELD_RULES = "validate.FieldRules";

/** Finds a message type by its full name. */
export type TypeLookup = (name: string) => MessageDescriptor | undefined;

/**
 * Turns an option value as the parser gives it into a message of `typeName`: lists where the type is repeated,
 * parts merged where it is not, 64-bit numbers as strings.
 *
 * A name that the type does not have is left out: rules of later versions of protoc-gen-validate do not stop the
 * ones that are known from working.
 */
export function optionMessage(value: unknown, typeName: string, typeOf: TypeLookup): FieldRules {
  const type = typeOf(typeName);
  const result: Record<string, unknown> = {};
  for (const part of listOf(value).filter(isRecord)) {
    for (const [name, item] of Object.entries(part)) {
      const field = type?.fields.find((candidate) => candidate.name === name);
      if (field) result[name] = fieldValue(result[name], item, field, typeOf);
    }
  }
  return result;
}

function fieldValue(before: unknown, item: unknown, field: FieldDescriptor, typeOf: TypeLookup): unknown {
  const one = (value: unknown) => singleValue(value, field.type, typeOf);
  if (field.isRepeated) return [...(Array.isArray(before) ? before : []), ...listOf(item).map(one)];
  const value = one(field.type.kind === "message" ? item : listOf(item).at(-1));
  return isRecord(before) && isRecord(value) ? { ...before, ...value } : value;
}

function singleValue(value: unknown, type: FieldKind, typeOf: TypeLookup): unknown {
  if (type.kind === "message") return optionMessage(value, type.name, typeOf);
  if (type.kind !== "scalar") return value;
  if (isLong(type.scalar)) return String(value);
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (type.scalar === "bytes") return Buffer.from(String(value), "latin1").toString("base64");
  return type.scalar === "float" || type.scalar === "double" ? Number(value) : value;
}

const isLong = (scalar: ScalarKind) => scalar.endsWith("64");

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
