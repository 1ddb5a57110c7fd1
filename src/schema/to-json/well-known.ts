import type { JsonValue } from "../json-value.ts";
import type { Message } from "../message.ts";
import { isRecord, setOwn } from "../record.ts";
import { numberToJson, scalarToJson } from "./scalars.ts";

/** `0.250s`: no decimals, or three, six or nine of them, as C++ and Python print a Duration. */
function durationToJson({ seconds, nanos }: Message): JsonValue {
  const whole = typeof seconds === "string" || typeof seconds === "number" ? BigInt(seconds) : 0n;
  const fraction = Number(nanos ?? 0);
  const sign = whole < 0n || fraction < 0 ? "-" : "";
  return `${sign}${whole < 0n ? -whole : whole}${decimals(Math.abs(fraction))}s`;
}

/** RFC 3339 in UTC, with decimals as a Duration has them. */
function timestampToJson({ seconds, nanos }: Message): JsonValue {
  const date = new Date(Number(seconds ?? 0) * 1000);
  const time = date.toISOString();
  return `${time.slice(0, time.indexOf("."))}${decimals(Number(nanos ?? 0))}Z`;
}

function decimals(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  if (digits.endsWith("000000")) return `.${digits.slice(0, 3)}`;
  return digits.endsWith("000") ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

/** Paths in lowerCamelCase, parted by commas. */
function fieldMaskToJson({ paths }: Message): JsonValue {
  const list = Array.isArray(paths) ? paths.map(String) : [];
  return list.map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())).join(",");
}

function structToJson({ fields }: Message): JsonValue {
  const object: Record<string, JsonValue> = {};
  if (isRecord(fields)) {
    for (const [key, value] of Object.entries(fields))
      setOwn(object, key, isRecord(value) ? valueToJson(value) : null);
  }
  return object;
}

function listValueToJson({ values }: Message): JsonValue {
  return Array.isArray(values) ? values.map((value) => (isRecord(value) ? valueToJson(value) : null)) : [];
}

function valueToJson(value: Message): JsonValue {
  const { string_value, number_value, bool_value, struct_value, list_value } = value;
  if (string_value !== undefined) return scalarToJson("string", string_value);
  if (number_value !== undefined) return numberToJson(Number(number_value));
  if (bool_value !== undefined) return bool_value === true;
  if (isRecord(struct_value)) return structToJson(struct_value);
  if (isRecord(list_value)) return listValueToJson(list_value);
  return null;
}

/** Types with a JSON form of their own. */
export const ownForms: ReadonlyMap<string, (message: Message) => JsonValue> = new Map([
  ["google.protobuf.Duration", durationToJson],
  ["google.protobuf.Timestamp", timestampToJson],
  ["google.protobuf.FieldMask", fieldMaskToJson],
  ["google.protobuf.Struct", structToJson],
  ["google.protobuf.ListValue", listValueToJson],
  ["google.protobuf.Value", valueToJson],
]);
