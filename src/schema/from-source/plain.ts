import type { ScalarNode, SourceNode } from "../source-node.ts";

/**
 * What Envoy's YAML loader takes a plain scalar for before it looks at the field (yaml-cpp: null, then bool, then
 * integer, else text). Quoted and block scalars, and those tagged `!`, are text.
 */
export type Plain =
  | { readonly kind: "null" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "text" };

const text: Plain = { kind: "text" };
const nothing: Plain = { kind: "null" };
const yes: Plain = { kind: "bool", value: true };
const no: Plain = { kind: "bool", value: false };

const words: ReadonlyMap<string, Plain> = new Map<string, Plain>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, nothing] as const),
  ...["y", "yes", "true", "on"].flatMap((word) => spellings(word).map((each) => [each, yes] as const)),
  ...["n", "no", "false", "off"].flatMap((word) => spellings(word).map((each) => [each, no] as const)),
]);

/** Integers as C++ streams read them: decimal, 0x hex, and octal with a leading 0. */
const integer = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]+)|(0|[1-9][0-9]*))$/;

export function resolvePlain(node: ScalarNode): Plain {
  if (!node.isPlain || node.tag === "!") return text;
  const word = words.get(node.value);
  if (word) return word;
  const value = parseYamlInteger(node.value);
  return value === undefined || BigInt.asIntN(64, value) !== value ? text : { kind: "integer", value };
}

export function isNull(node: SourceNode): boolean {
  return node.kind === "scalar" && node.isPlain && node.tag !== "!" && words.get(node.value) === nothing;
}

/** True for a decimal number, with or without a fraction or an exponent: `5`, `.5`, `5.`, `1e3`. */
export function isDecimal(value: string): boolean {
  return /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value);
}

/** The integer that a text is in decimal, 0x hex or 0 octal; undefined when it is none. */
export function parseYamlInteger(value: string): bigint | undefined {
  const code = value.charCodeAt(0);
  // Most scalars are names; they are told by their first character.
  if (code > 57 || code < 43) return undefined;
  const match = integer.exec(value);
  if (!match) return undefined;
  const [, sign, hex, octal, decimal] = match;
  const digits = hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : decimal!;
  const magnitude = BigInt(digits);
  return sign === "-" ? -magnitude : magnitude;
}

function spellings(word: string): string[] {
  return [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)];
}
