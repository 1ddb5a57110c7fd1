import type { Problem } from "../../src/base/problem.ts";
import { isRecord } from "../../src/schema/record.ts";
import { refuse } from "./parsed.ts";

/** Looks at a field's value; any problem that is an error refuses it. */
export type SupportCheck = (value: unknown, path: string) => readonly Problem[];

/** `true`: whatever is in there is supported. A table: these fields of the message are, and no other. */
type Support = true | SupportTable | SupportCheck;

export interface SupportTable {
  readonly [field: string]: Support;
}

/**
 * Every field of a sparse message that is set and not declared as supported, as a refusal that names it. This is what keeps the
 * data plane from taking a configuration and doing something else (XC-31); a list is checked item by item.
 */
export function unsupportedFields(message: object, support: SupportTable, path: string): readonly Problem[] {
  return Object.entries(message).flatMap(([field, value]) => {
    const fieldPath = path === "" ? field : `${path}.${field}`;
    const declared = Object.hasOwn(support, field) ? support[field] : undefined;
    return declared === undefined ? [notSupported(fieldPath)] : check(value, declared, fieldPath);
  });
}

function check(value: unknown, support: Support, path: string): readonly Problem[] {
  if (support === true) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => check(item, support, `${path}[${index}]`));
  if (typeof support === "function") return support(value, path);
  return isRecord(value) ? unsupportedFields(value, support, path) : [];
}

/** The refusal of a field, or of `what` in it. */
export function notSupported(path: string, what?: string): Problem {
  const subject = what === undefined ? "" : `${what} is `;
  return refuse(path, `${subject}not supported by the bundled data plane`, "unsupported-field");
}

/** Only these values (enum names, numbers, booleans) of a field. */
export function oneOf(...values: readonly (string | number | boolean)[]): SupportCheck {
  return (value, path) => {
    const found = typeof value === "object" && value !== null && "value" in value ? value.value : value;
    return values.some((known) => known === found) ? [] : [notSupported(path, String(found))];
  };
}

/**
 * Taken and without any effect, because it has none in Envoy either for what this data plane does; the place of use says which
 * rule or reason.
 */
export const noEffect = true;
