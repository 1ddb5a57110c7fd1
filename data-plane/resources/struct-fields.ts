import { isRecord } from "../../src/schema/record.ts";
import type { MetadataValue } from "../network/connection-info.ts";

/** The fields of a google.protobuf.Struct message as plain values. */
export function structFields(struct: unknown): Record<string, MetadataValue> {
  const fields = isRecord(struct) && isRecord(struct["fields"]) ? struct["fields"] : {};
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]));
}

/** A google.protobuf.Value as a plain value; one without a kind is null. */
function plainValue(value: unknown): MetadataValue {
  if (!isRecord(value)) return null;
  const {
    string_value: text,
    number_value: number,
    bool_value: bool,
    list_value: list,
    struct_value: struct,
  } = value;
  if (typeof text === "string") return text;
  if (typeof number === "number") return number;
  if (typeof bool === "boolean") return bool;
  if (isRecord(list)) return Array.isArray(list["values"]) ? list["values"].map(plainValue) : [];
  return struct === undefined ? null : structFields(struct);
}
