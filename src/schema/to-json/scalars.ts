import { unreachable } from "../../base/unreachable.ts";
import type { ScalarKind } from "../descriptor.ts";
import type { JsonValue } from "../json-value.ts";

/** The JSON form of a scalar (proto3 JSON mapping): 64-bit integers as strings, bytes as base64, NaN as a word. */
export function scalarToJson(kind: ScalarKind, value: unknown): JsonValue {
  switch (kind) {
    case "bytes":
      return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : "";
    case "string":
      return String(value);
    case "bool":
      return value === true;
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
      return String(value);
    case "float":
      return shortestFloat(Number(value));
    case "double":
    case "int32":
    case "uint32":
    case "sint32":
    case "fixed32":
    case "sfixed32":
      return numberToJson(Number(value));
    default:
      return unreachable(kind);
  }
}

/** NaN and the infinities are words. */
export function numberToJson(value: number): JsonValue {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** The shortest decimal that a 32-bit float reads back as: 0.1, not 0.10000000149011612. */
function shortestFloat(value: number): JsonValue {
  if (!Number.isFinite(value)) return numberToJson(value);
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return Number(value.toPrecision(9));
}
