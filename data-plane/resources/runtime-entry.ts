import type { MessageTypes } from "../../src/schema/api.ts";
import { isRecord } from "../../src/schema/record.ts";
import { fractionOf } from "./fraction-of.ts";

type Value = MessageTypes["google.protobuf.Value"];

/** What a key of the runtime says, in each way that it can be asked for; absent where it cannot. */
export interface RuntimeEntry {
  /** As `/runtime` shows it. */
  readonly text: string;
  readonly isTrue?: boolean;
  /** Not negative, what is behind the point cut off. */
  readonly whole?: number;
  readonly number?: number;
  /** A `FractionalPercent`, from 0 to 1. */
  readonly fraction?: number;
}

/**
 * The keys of a Struct, nested ones joined with dots; a struct that is a fraction is a value. A list or null is none: the key of the first
 * such is given in place of the entries.
 */
export function entriesOf(fields: unknown): ReadonlyMap<string, RuntimeEntry> | { readonly invalid: string } {
  const entries = new Map<string, RuntimeEntry>();
  const invalid = flatten(fields, "", entries);
  return invalid === undefined ? entries : { invalid };
}

function flatten(fields: unknown, prefix: string, into: Map<string, RuntimeEntry>): string | undefined {
  for (const [name, value] of Object.entries(isRecord(fields) ? fields : {})) {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    if (!isRecord(value)) return key;
    const invalid = flattenValue(value, key, into);
    if (invalid !== undefined) return invalid;
  }
  return undefined;
}

function flattenValue(value: Value, key: string, into: Map<string, RuntimeEntry>): string | undefined {
  const { string_value: text, number_value: number, bool_value: isTrue, struct_value: struct } = value;
  if (text !== undefined) into.set(key, entryOfText(text));
  else if (number !== undefined) into.set(key, { text: shortNumber(number), ...waysOf(number) });
  else if (isTrue !== undefined) into.set(key, { text: String(isTrue), isTrue });
  else if (struct) {
    const fields = struct.fields ?? {};
    const isLeaf = Object.keys(fields).length === 0 || "numerator" in fields || "denominator" in fields;
    if (!isLeaf) return flatten(fields, key, into);
    into.set(key, entryOfFraction(fields));
  } else return key;
  return undefined;
}

const decimal = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** A text, as an admin layer and string values have it: a number, true, false, or none of them. */
export function entryOfText(text: string): RuntimeEntry {
  if (decimal.test(text)) return { text, ...waysOf(Number(text)) };
  const word = text.trim().toLowerCase();
  return word === "true" || word === "false" ? { text, isTrue: word === "true" } : { text };
}

/** A number as Envoy takes it: whole ones are true or false too. */
function waysOf(number: number): Omit<RuntimeEntry, "text"> {
  return {
    number,
    ...(number >= 0 && { whole: Math.floor(number) }),
    ...(Number.isInteger(number) && Math.abs(number) < 2 ** 31 && { isTrue: number !== 0 }),
  };
}

function entryOfFraction(fields: Readonly<Record<string, unknown>>): RuntimeEntry {
  const shown = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
  const text = JSON.stringify(shown);
  const { numerator, denominator } = shown;
  if (Object.keys(fields).length === 0) return { text };
  return {
    text,
    fraction: fractionOf({
      ...(typeof numerator === "number" && { numerator }),
      ...(typeof denominator === "string" && { denominator }),
    }),
  };
}

function plain(value: unknown): unknown {
  if (!isRecord(value)) return undefined;
  return value["number_value"] ?? value["string_value"] ?? value["bool_value"];
}

/** Six digits, as C's `%g`: `0.5`, `1.23457e+13`, `1e-05`. */
function shortNumber(number: number): string {
  const short = Number(number.toPrecision(6));
  const size = Math.abs(short);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(short);
  const [digits, exponent = "0"] = short.toExponential().split("e");
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${digits}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}
