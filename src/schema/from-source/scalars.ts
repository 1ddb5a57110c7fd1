import { nearest } from "../../base/edit-distance.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { EnumDescriptor, ScalarKind } from "../descriptor.ts";
import type { ScalarNode, SourceNode } from "../source-node.ts";
import { readFloat, readInteger } from "./numbers.ts";
import { parseYamlInteger, resolvePlain } from "./plain.ts";
import { found, type Walk } from "./walk.ts";

/** Reads one value; undefined when it could not be read and the walk knows why. */
export type Reader = (node: SourceNode, walk: Walk) => unknown;

type ScalarReader = (node: ScalarNode, walk: Walk) => unknown;

/** A reader of a scalar kind. */
export function scalarReader(kind: ScalarKind): Reader {
  switch (kind) {
    case "string":
      return onScalar("a string", readString);
    case "bool":
      return onScalar("true or false", readBool);
    case "bytes":
      return onScalar("base64", readBytes);
    case "float":
    case "double":
      return onScalar("a number", (node, walk) => readFloat(kind, node, walk));
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
    case "sint32":
    case "sint64":
    case "fixed32":
    case "fixed64":
    case "sfixed32":
    case "sfixed64":
      return onScalar("an integer", (node, walk) => readInteger(kind, node, walk));
    default:
      return unreachable(kind);
  }
}

function onScalar(expected: string, read: ScalarReader): Reader {
  return (node, walk) =>
    node.kind === "scalar"
      ? read(node, walk)
      : walk.error("wrong-kind", node, `expected ${expected}, found ${found(node)}`);
}

/**
 * A string. Envoy refuses a plain bool word and a plain integer of up to 32 bits here, because its loader has typed
 * them before it knows the field.
 */
function readString(node: ScalarNode, walk: Walk): string | undefined {
  const { value } = node;
  const plain = resolvePlain(node);
  const isTyped =
    plain.kind === "bool" || (plain.kind === "integer" && BigInt.asIntN(32, plain.value) === plain.value);
  if (isTyped) {
    const kind = plain.kind === "bool" ? "a bool" : "a number";
    return walk.error(
      "wrong-kind",
      node,
      `expected a string, found ${kind} (${value})`,
      JSON.stringify(value),
    );
  }
  if (!isWellFormed(value)) {
    return walk.error("bad-string", node, "the string holds half of a UTF-16 surrogate pair");
  }
  return value;
}

/** Half a surrogate pair, which JSON can escape and UTF-8 cannot hold. */
export function isWellFormed(value: string): boolean {
  return !/[\ud800-\udfff]/.test(value) || !/\p{Surrogate}/u.test(value);
}

const boolWords: ReadonlyMap<string, boolean> = new Map([
  ...["true", "t", "yes", "y", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "0"].map((word) => [word, false] as const),
]);

function readBool(node: ScalarNode, walk: Walk): boolean | undefined {
  const plain = resolvePlain(node);
  if (plain.kind === "bool") return plain.value;
  const value = plain.kind === "text" ? boolWords.get(node.value.toLowerCase()) : undefined;
  if (value !== undefined) return value;
  const hint = plain.kind === "integer" ? boolWords.get(node.value) : nearest(node.value, ["true", "false"]);
  return walk.error("bad-bool", node, `expected true or false, found ${found(node)}`, hint?.toString());
}

/** Base64 in either alphabet, with or without padding (proto3 JSON mapping, "bytes"). */
function readBytes(node: ScalarNode, walk: Walk): Buffer | undefined {
  const plain = resolvePlain(node);
  const isText = plain.kind === "text" || (plain.kind === "integer" && node.value.length > 10);
  const body = node.value.replace(/={1,2}$/, "");
  const padding = node.value.length - body.length;
  const isPadded = padding === 0 || (body.length + padding) % 4 === 0;
  if (!isText || !/^[A-Za-z0-9+/_-]*$/.test(body) || body.length % 4 === 1 || !isPadded) {
    return walk.error("bad-base64", node, `expected base64, found ${found(node)}`);
  }
  return Buffer.from(body, "base64");
}

/** Enum values: the name in any case, as Envoy's loader takes them, or the number. */
export function enumReader(descriptor: EnumDescriptor): Reader {
  const names = new Map<number, string>();
  for (const { name, number } of descriptor.values) if (!names.has(number)) names.set(number, name);
  const canonical = new Map(descriptor.values.map(({ name, number }) => [name, names.get(number)!]));
  const upper = new Map(
    descriptor.values.map(({ name, number }) => [name.toUpperCase(), names.get(number)!]),
  );
  return onScalar("the name of an enum value", (node, walk) => {
    const { value } = node;
    const name = canonical.get(value) ?? upper.get(value.toUpperCase());
    if (name !== undefined) return name;
    const plain = resolvePlain(node);
    if (plain.kind !== "bool") {
      const number = plain.kind === "integer" ? plain.value : decimalInteger(value);
      if (number !== undefined && BigInt.asIntN(32, number) === number) {
        return names.get(Number(number)) ?? Number(number);
      }
    }
    const choices = descriptor.values.map((each) => each.name);
    return walk.error(
      "unknown-enum-value",
      node,
      `expected ${oneOf(choices)}, found ${found(node)}`,
      nearestName(value, choices),
    );
  });
}

function decimalInteger(value: string): bigint | undefined {
  return /^-?[0-9]+$/.test(value) ? parseYamlInteger(value) : undefined;
}

/** Also finds a value by its last words: `v1` is near `PROXY_PROTOCOL_V1`. */
function nearestName(value: string, names: readonly string[]): string | undefined {
  const wanted = value.toUpperCase().replaceAll("-", "_");
  return (
    names.find((name) => name === wanted || name.replaceAll("_", "") === wanted) ??
    nearest(wanted, names) ??
    names.find((name) => wanted.length > 1 && name.endsWith(`_${wanted}`))
  );
}

function oneOf(choices: readonly string[]): string {
  if (choices.length > 12) return `one of ${choices.slice(0, 12).join(", ")} and ${choices.length - 12} more`;
  if (choices.length < 3) return choices.join(" or ");
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}
