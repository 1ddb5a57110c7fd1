import type { ScalarKind } from "../descriptor.ts";
import type { ScalarNode } from "../source-node.ts";
import { isDecimal, parseYamlInteger, resolvePlain } from "./plain.ts";
import { found, type Walk } from "./walk.ts";

const maxFloat = 3.4028234663852886e38;

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

const int32: Range = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const uint32: Range = { min: 0n, max: 2n ** 32n - 1n };
const int64: Range = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const uint64: Range = { min: 0n, max: 2n ** 64n - 1n };

/** The values that each integer kind holds. */
export const integerRanges: ReadonlyMap<ScalarKind, Range> = new Map<ScalarKind, Range>([
  ["int32", int32],
  ["sint32", int32],
  ["sfixed32", int32],
  ["uint32", uint32],
  ["fixed32", uint32],
  ["int64", int64],
  ["sint64", int64],
  ["sfixed64", int64],
  ["uint64", uint64],
  ["fixed64", uint64],
]);

/** An integer field: a number for 32 bits, a decimal string for 64 (`Message`). */
export function readInteger(kind: ScalarKind, node: ScalarNode, walk: Walk): number | string | undefined {
  const range = integerRanges.get(kind)!;
  const value = integerOf(node);
  if (value === undefined) {
    return walk.error(
      "bad-number",
      node,
      `expected an integer, found ${found(node)}`,
      integerHint(node.value),
    );
  }
  if (value < range.min || value > range.max) {
    const message = `expected an integer from ${range.min} to ${range.max}, found ${node.value}`;
    return walk.error("out-of-range", node, message);
  }
  return range === int64 || range === uint64 ? String(value) : Number(value);
}

function integerOf(node: ScalarNode): bigint | undefined {
  const plain = resolvePlain(node);
  if (plain.kind === "integer") return plain.value;
  if (plain.kind === "bool") return undefined;
  const { value } = node;
  if (/^[+-]?[0-9]+$/.test(value)) return BigInt(value.replace(/^\+/, ""));
  if (/^[+-]?0[xX][0-9a-fA-F]+$/.test(value)) return parseYamlInteger(value);
  return isDecimal(value) ? wholeDecimal(value) : undefined;
}

/** `1e3`, `5.` and `1.0` are integers in the JSON mapping; exact for any number of digits. */
function wholeDecimal(value: string): bigint | undefined {
  const [mantissa, exponent = "0"] = value.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa!.replace(/^[+-]/, "").split(".");
  const shift = Number(exponent) - fraction.length;
  const digits = `${whole}${fraction}`.replace(/^0+(?=.)/, "");
  if (/^0*$/.test(digits)) return 0n;
  // Anything with more digits than a 64-bit number is out of range in any case.
  if (digits.length + shift > 20) return 2n ** 70n;
  const padded = shift >= 0 ? digits + "0".repeat(shift) : digits.slice(0, shift);
  if (shift < 0 && !/^0*$/.test(digits.slice(shift))) return undefined;
  const magnitude = BigInt(padded === "" ? "0" : padded);
  return value.startsWith("-") ? -magnitude : magnitude;
}

/** The form that Envoy reads for what other YAML readers allow. */
function integerHint(value: string): string | undefined {
  if (/^0o[0-7]+$/.test(value)) return String(Number(value));
  if (/^[0-9]+(_[0-9]+)+$/.test(value)) return value.replaceAll("_", "");
  return undefined;
}

/** A float or double field; a float is rounded to what the wire holds. */
export function readFloat(kind: "float" | "double", node: ScalarNode, walk: Walk): number | undefined {
  const value = floatOf(node);
  if (value === undefined) {
    return walk.error("bad-number", node, `expected a number, found ${found(node)}`, floatHint(node.value));
  }
  const isWritten = /[0-9]/.test(node.value);
  if (isWritten && (!Number.isFinite(value) || (kind === "float" && Math.abs(value) > maxFloat))) {
    return walk.error("out-of-range", node, `${node.value} is out of the range of a ${kind}`);
  }
  return kind === "float" ? Math.fround(value) : value;
}

function floatOf(node: ScalarNode): number | undefined {
  const plain = resolvePlain(node);
  if (plain.kind === "bool") return undefined;
  const { value } = node;
  if (plain.kind === "integer" && !isDecimal(value)) return Number(plain.value);
  // A plain 0144 is octal, as it is for an integer field.
  if (plain.kind === "integer" && /^[+-]?0[0-9]/.test(value)) return Number(plain.value);
  if (isDecimal(value)) return Number(value);
  if (/^[+-]?0[xX][0-9a-fA-F]+$/.test(value)) return Number(parseYamlInteger(value));
  return specials.get(value.toLowerCase());
}

const specials: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["+infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

function floatHint(value: string): string | undefined {
  const word = value.toLowerCase();
  if (word === ".nan") return "NaN";
  if (word === ".inf" || word === "+.inf") return "Infinity";
  if (word === "-.inf") return "-Infinity";
  return integerHint(value);
}
