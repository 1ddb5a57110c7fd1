import type { FieldRules, ScalarKind } from "../descriptor.ts";
import type { JsonValue } from "../json-value.ts";
import { isRecord } from "../record.ts";

export type JsonSchema = Readonly<Record<string, JsonValue>>;

/** `${name}` stands for a value of chancery.yaml, which may be of any kind. */
export const valueReference: JsonSchema = { type: "string", pattern: "\\$\\{" };

const bits: Readonly<Partial<Record<ScalarKind, readonly [bigint, bigint]>>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
};

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
      return {
        anyOf: [
          { type: "integer", ...bounds(own) },
          { type: "string", pattern: "^-?\\d+$|\\$\\{" },
        ],
      };
    default: {
      const [minimum, maximum] = bits[scalar] ?? [0n, 0n];
      const range = { minimum: Number(minimum), maximum: Number(maximum), ...bounds(own) };
      return {
        anyOf: [
          { type: "integer", ...range },
          { type: "string", pattern: "^-?\\d+$|\\$\\{" },
        ],
      };
    }
  }
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
