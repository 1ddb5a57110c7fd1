import type { MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { FormatPart, FormatSource } from "../network/format-string.ts";
import { formatOf, parseFormatParts, partText, valueText } from "../network/format-string.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";

type Value = MessageTypes["google.protobuf.Value"];
type Struct = MessageTypes["google.protobuf.Struct"];

/** JSON of a value for an entry; undefined: it is left out. */
type JsonPart = (source: FormatSource) => string | undefined;

/**
 * Reads `json_format`: each text in it is a format, one that is an operator alone keeps its type, and what has no value is null, or
 * left out with `omit_empty_values`, along with objects that are empty then. Keys are sorted, as in Envoy.
 */
export function parseJsonFormat(
  struct: Struct,
  omitsEmpty: boolean,
  path: string,
): Parsed<(source: FormatSource) => string> {
  const problems: Problem[] = [];
  const object = readObject(struct, omitsEmpty, path, problems);
  return parsed((source) => `${object(source) ?? "{}"}\n`, problems);
}

function readObject(struct: Struct, omitsEmpty: boolean, path: string, problems: Problem[]): JsonPart {
  const fields = Object.entries(struct.fields ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({
      name: JSON.stringify(key),
      part: readValue(value, omitsEmpty, `${path}.${key}`, problems),
    }));
  return (source) => {
    let text = "";
    for (const { name, part } of fields) {
      const value = part(source);
      if (value !== undefined) text += `${text === "" ? "" : ","}${name}:${value}`;
    }
    return text === "" && omitsEmpty ? undefined : `{${text}}`;
  };
}

function readValue(value: Value, omitsEmpty: boolean, path: string, problems: Problem[]): JsonPart {
  if (value.string_value !== undefined) return readText(value.string_value, omitsEmpty, path, problems);
  if (value.struct_value) return readObject(value.struct_value, omitsEmpty, path, problems);
  if (value.list_value) {
    const items = (value.list_value.values ?? []).map((item, index) =>
      readValue(item, omitsEmpty, `${path}[${index}]`, problems),
    );
    return (source) =>
      `[${items
        .map((item) => item(source))
        .filter((item) => item !== undefined)
        .join(",")}]`;
  }
  const fixed = JSON.stringify(value.number_value ?? value.bool_value ?? null);
  return () => (fixed === "null" ? nothing(omitsEmpty) : fixed);
}

function readText(text: string, omitsEmpty: boolean, path: string, problems: Problem[]): JsonPart {
  const parts = parseFormatParts(text);
  if ("reason" in parts) {
    problems.push(refuse(path, parts.reason));
    return () => undefined;
  }
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "operator")
    return (source) => operatorJson(only, source, omitsEmpty);
  const format = formatOf(parts, omitsEmpty ? "" : "-");
  return (source) => JSON.stringify(format(source));
}

function operatorJson(
  part: Extract<FormatPart, { readonly kind: "operator" }>,
  source: FormatSource,
  omitsEmpty: boolean,
): string | undefined {
  if (part.maxLength !== undefined) {
    const text = partText(part, source);
    return text === undefined ? nothing(omitsEmpty) : JSON.stringify(text);
  }
  const value = part.read(source);
  return value === undefined ? nothing(omitsEmpty) : valueText(value);
}

function nothing(omitsEmpty: boolean): string | undefined {
  return omitsEmpty ? undefined : "null";
}
