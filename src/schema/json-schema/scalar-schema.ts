import { unreachable } from "../../base/unreachable.ts";
import type { FieldRules, ScalarKind } from "../descriptor.ts";
import type { JsonValue } from "../json-value.ts";
import { isRecord } from "../record.ts";

export type JsonSchema = Readonly<Record<string, JsonValue>>;

/** `${name}` stands for a value of chancery.yaml, which may be of any kind. */
export const valueReference: JsonSchema = { type: "string", pattern: "\\$\\{" };

/** What may be written for a scalar, with those of its rules that an editor can check. */
export function scalarSchema(scalar: ScalarKind, rules: FieldRules = {}): JsonSchema {
  const own = isRecord(rules[scalar]) ? rules[scalar] : {};
  switch (scalar) {
    case "bool":
      return { anyOf: [{ type: "boolean" }, valueReference] };
    case "string":
      return textSchema(own);
    case "bytes":
      return { type: "string" };
    case "double":
    case "float":
      return {
        anyOf: [
          { type: "number", ...bounds(own) },
          { enum: ["NaN", "Infinity", "-Infinity"] },
          valueReference,
        ],
      };
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
      return integerSchema(bounds(own));
    case "int32":
    case "sint32":
    case "sfixed32":
      return integerSchema({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1, ...bounds(own) });
    case "uint32":
    case "fixed32":
      return integerSchema({ minimum: 0, maximum: 2 ** 32 - 1, ...bounds(own) });
    default:
      return unreachable(scalar);
  }
}

/** Integers may be written as text, as those of 64 bits are in JSON. */
function integerSchema(range: JsonSchema): JsonSchema {
  return {
    anyOf: [
      { type: "integer", ...range },
      { type: "string", pattern: "^-?\\d+$|\\$\\{" },
    ],
  };
}

function textSchema(rules: Readonly<Record<string, unknown>>): JsonSchema {
  const { const: only, in: choices, min_len: minLength, max_len: maxLength } = rules;
  const isReferable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, valueReference] });
  if (typeof only === "string") return isReferable({ enum: [only] });
  if (Array.isArray(choices)) return isReferable({ enum: choices.map(String) });
  return {
    type: "string",
    ...(minLength !== undefined && { minLength: Number(minLength) }),
    ...(maxLength !== undefined && { maxLength: Number(maxLength) }),
  };
}

/** Limits that leave 0 alone: in proto3 it is a field that is not set, and such a rule may not apply to it. */
function bounds({
  gt,
  gte,
  lt,
  lte,
  ignore_empty: ignoresEmpty,
}: Readonly<Record<string, unknown>>): JsonSchema {
  const isRange = gte !== undefined || gt !== undefined;
  if (ignoresEmpty === true && isRange) return {};
  return {
    ...(gt !== undefined && { exclusiveMinimum: Number(gt) }),
    ...(gte !== undefined && { minimum: Number(gte) }),
    ...(lt !== undefined && { exclusiveMaximum: Number(lt) }),
    ...(lte !== undefined && { maximum: Number(lte) }),
  };
}
