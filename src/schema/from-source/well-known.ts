import { unreachable } from "../../base/unreachable.ts";
import type { ScalarNode, SourceNode } from "../source-node.ts";
import { isDecimal, parseYamlInteger, resolvePlain } from "./plain.ts";
import type { Reader } from "./scalars.ts";
import { isWellFormed } from "./scalars.ts";
import { found, type Walk } from "./walk.ts";
import { setOwn } from "../record.ts";

/** The longest time that a Duration may hold, about 10,000 years (duration.proto). */
const maxSeconds = 315_576_000_000n;

/** `1.5s`: whole seconds, up to nine decimals, and the s (duration.proto, "JSON Mapping"). */
export function readDuration(node: ScalarNode, walk: Walk): object | undefined {
  const match = /^(-?)([0-9]+)(?:\.([0-9]{1,9}))?s$/.exec(node.value);
  if (!match || resolvePlain(node).kind !== "text") {
    const message = `expected a duration such as 0.25s, found ${found(node)}`;
    return walk.error("bad-duration", node, message, durationHint(node.value));
  }
  const [, sign, whole, fraction = ""] = match;
  const seconds = BigInt(whole!);
  if (seconds > maxSeconds) {
    return walk.error("out-of-range", node, `expected at most ${maxSeconds}s, found ${found(node)}`);
  }
  const nanos = Number(fraction.padEnd(9, "0"));
  const isNegative = sign === "-";
  return {
    ...(seconds === 0n ? {} : { seconds: String(isNegative ? -seconds : seconds) }),
    ...(nanos === 0 ? {} : { nanos: isNegative ? -nanos : nanos }),
  };
}

const unitNanos: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["ms", 1_000_000n],
  ["", 1_000_000_000n],
  ["s", 1_000_000_000n],
  ["sec", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["min", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
  ["d", 86_400_000_000_000n],
]);

/** What `250ms`, `5`, `.5s` or `1m` are in seconds. */
function durationHint(value: string): string | undefined {
  const match = /^\+?([0-9]*)(?:\.([0-9]*))?\s*([a-zµ]*)$/i.exec(value.trim());
  if (!match) return undefined;
  const unit = unitNanos.get(match[3]!.toLowerCase());
  if (unit === undefined || `${match[1]}${match[2] ?? ""}` === "") return undefined;
  const fraction = (match[2] ?? "").slice(0, 9);
  const nanos = (BigInt(`0${match[1]}${fraction}`) * unit) / 10n ** BigInt(fraction.length);
  return formatSeconds(nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n));
}

function formatSeconds(seconds: bigint, nanos: number): string {
  const fraction = String(nanos).padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}s` : `${seconds}.${fraction}s`;
}

const timestamp =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/** RFC 3339 with `T` and either `Z` or an offset, years 1 to 9999 (timestamp.proto, "JSON Mapping"). */
export function readTimestamp(node: ScalarNode, walk: Walk): object | undefined {
  const match = timestamp.exec(node.value);
  const seconds = match ? secondsOf(match) : undefined;
  if (!match || seconds === undefined) {
    return walk.error(
      "bad-timestamp",
      node,
      `expected a time such as 2030-01-31T12:00:00Z, found ${found(node)}`,
    );
  }
  const nanos = Number((match[7] ?? "").padEnd(9, "0"));
  return {
    ...(seconds === 0 ? {} : { seconds: String(seconds) }),
    ...(nanos === 0 ? {} : { nanos }),
  };
}

function secondsOf(match: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  date.setUTCHours(hour!, minute, second);
  const isReal =
    year! > 0 && date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && hour! < 24 && minute! < 60;
  if (!isReal || second! > 59) return undefined;
  const offset = match[8] === undefined ? 0 : (Number(match[9]) * 60 + Number(match[10])) * 60;
  return date.getTime() / 1000 - (match[8] === "-" ? -offset : offset);
}

/** `a.b,cD`: paths in lowerCamelCase, kept in the names of the .proto files (field_mask.proto). */
export function readFieldMask(node: ScalarNode, walk: Walk): object | undefined {
  const { value } = node;
  if (!/^[A-Za-z0-9_.,]*$/.test(value)) {
    return walk.error("bad-field-mask", node, `expected field names parted by commas, found ${found(node)}`);
  }
  if (value === "") return {};
  return {
    paths: value.split(",").map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
  };
}

/** google.protobuf.Struct: any mapping. */
export const readStruct: Reader = (node, walk) => {
  if (node.kind !== "mapping") {
    return walk.error("wrong-kind", node, `expected a mapping, found ${found(node)}`);
  }
  const fields: Record<string, unknown> = {};
  for (const { key, value } of node.entries) {
    walk.push(`[${JSON.stringify(key.value)}]`);
    const read = nested(value, walk, readValue);
    walk.pop();
    if (read !== undefined) setOwn(fields, key.value, read);
  }
  return node.entries.length === 0 ? {} : { fields };
};

/** google.protobuf.ListValue: any list. */
export const readListValue: Reader = (node, walk) => {
  if (node.kind !== "sequence") {
    return walk.error("wrong-kind", node, `expected a list, found ${found(node)}`);
  }
  const values = node.items.map((item, index) => {
    walk.push(`[${index}]`);
    const value = nested(item, walk, readValue);
    walk.pop();
    return value;
  });
  return values.length === 0 ? {} : { values: values.filter((value) => value !== undefined) };
};

/**
 * google.protobuf.Value: anything. Bool words are bools here too, as in Envoy. Decimal numbers are numbers (Envoy's
 * YAML loader, unlike its JSON loader, turns all but 32-bit integers into strings; the JSON mapping is followed).
 */
export const readValue: Reader = (node, walk) => {
  if (node.kind === "mapping") return { struct_value: readStruct(node, walk) };
  if (node.kind === "sequence") return { list_value: readListValue(node, walk) };
  const plain = resolvePlain(node);
  switch (plain.kind) {
    case "null":
      return { null_value: "NULL_VALUE" };
    case "bool":
      return { bool_value: plain.value };
    case "integer":
      return { number_value: Number(plain.value) };
    case "text": {
      if (!isWellFormed(node.value)) {
        return walk.error("bad-string", node, "the string holds half of a UTF-16 surrogate pair");
      }
      const number = node.isPlain && node.tag !== "!" ? plainNumber(node.value) : undefined;
      if (number === undefined) return { string_value: node.value };
      if (!Number.isFinite(number)) {
        return walk.error("out-of-range", node, `${node.value} is out of the range of a double`);
      }
      return { number_value: number };
    }
    default:
      return unreachable(plain);
  }
};

function plainNumber(value: string): number | undefined {
  if (isDecimal(value)) return Number(value);
  const integer = parseYamlInteger(value);
  return integer === undefined ? undefined : Number(integer);
}

function nested(node: SourceNode, walk: Walk, read: Reader): unknown {
  // Each level of a Value is two messages on the wire, which decoders limit to 100.
  if (walk.depth >= 98) return walk.error("nested-too-deep", node, "messages are nested more than 100 deep");
  walk.depth += 2;
  const value = read(node, walk);
  walk.depth -= 2;
  return value;
}
