import { type Check, firstOf, listText, ruleList, type RuleSet } from "./check.ts";
import { type Ordered, rangeCheck } from "./range.ts";
import { isRecord } from "../record.ts";

const numbers: Ordered<number> = { read: Number, show: String };
const bigints: Ordered<bigint> = {
  read: (value) => (typeof value === "string" || typeof value === "number" ? BigInt(value) : 0n),
  show: String,
};

/** `const`, `in` and `not_in` of values that `kind` can read. */
function equalityCheck<T extends number | bigint>(rules: RuleSet, kind: Ordered<T>): Check | undefined {
  const constant = rules["const"] === undefined ? undefined : kind.read(rules["const"]);
  const allowed = ruleList(rules, "in").map((value) => kind.read(value));
  const refused = ruleList(rules, "not_in").map((value) => kind.read(value));
  if (constant === undefined && allowed.length === 0 && refused.length === 0) return undefined;
  return (raw) => {
    const value = kind.read(raw);
    if (constant !== undefined && value !== constant) return `value must equal ${kind.show(constant)}`;
    if (allowed.length > 0 && !allowed.includes(value)) {
      return `value must be in list ${listText(allowed.map((each) => kind.show(each)))}`;
    }
    if (refused.includes(value)) {
      return `value must not be in list ${listText(refused.map((each) => kind.show(each)))}`;
    }
    return undefined;
  };
}

/** Rules of any integer or floating-point kind. */
export function numberCheck(rules: RuleSet, is64Bit: boolean): Check | undefined {
  const check = is64Bit
    ? firstOf([equalityCheck(rules, bigints), rangeCheck(rules, bigints)])
    : firstOf([equalityCheck(rules, numbers), rangeCheck(rules, numbers)]);
  if (!check || rules["ignore_empty"] !== true) return check;
  return (value) => (Number(value) === 0 ? undefined : check(value));
}

/** `bool.const`. */
export function boolCheck(rules: RuleSet): Check | undefined {
  const constant = rules["const"];
  if (typeof constant !== "boolean") return undefined;
  return (value) => (value === constant ? undefined : `value must equal ${constant}`);
}

/** Durations and timestamps, compared in nanoseconds. */
const durations: Ordered<bigint> = { read: nanosOf, show: showDuration };

export function durationCheck(rules: RuleSet): Check | undefined {
  return firstOf([equalityCheck(rules, durations), rangeCheck(rules, durations)]);
}

/** `const`, `lt`, `lte`, `gt` and `gte`; rules about the present time (`lt_now`) are for a running Envoy to judge. */
export function timestampCheck(rules: RuleSet): Check | undefined {
  const times: Ordered<bigint> = {
    read: nanosOf,
    show: (nanos) => new Date(Number(nanos / 1_000_000n)).toISOString(),
  };
  return firstOf([equalityCheck(rules, times), rangeCheck(rules, times)]);
}

function nanosOf(value: unknown): bigint {
  if (!isRecord(value)) return 0n;
  const { seconds, nanos } = value;
  return bigints.read(seconds ?? 0) * 1_000_000_000n + bigints.read(nanos ?? 0);
}

/** As Go prints a duration, which is what the messages of protoc-gen-validate hold: `1ms`, `1.5s`, `1m0s`. */
function showDuration(nanos: bigint): string {
  if (nanos < 0n) return `-${showDuration(-nanos)}`;
  if (nanos === 0n) return "0s";
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimals(nanos, 1_000n)}µs`;
  if (nanos < 1_000_000_000n) return `${decimals(nanos, 1_000_000n)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimals(nanos % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimals(value: bigint, unit: bigint): string {
  const fraction = String(value % unit)
    .padStart(String(unit).length - 1, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${value / unit}` : `${value / unit}.${fraction}`;
}

/** `any.in` and `any.not_in`, by type URL. */
export function anyCheck(rules: RuleSet): Check | undefined {
  const allowed = ruleList(rules, "in");
  const refused = ruleList(rules, "not_in");
  if (allowed.length === 0 && refused.length === 0) return undefined;
  return (value) => {
    const typeUrl = isRecord(value) ? (value["type_url"] ?? "") : "";
    if (allowed.length > 0 && !allowed.includes(typeUrl))
      return `type URL must be in list ${listText(allowed)}`;
    if (refused.includes(typeUrl)) return `type URL must not be in list ${listText(refused)}`;
    return undefined;
  };
}

/** Rules of an enum; `numberOf` knows its names, a number without a name stays one. */
export function enumCheck(rules: RuleSet, numberOf: ReadonlyMap<string, number>): Check | undefined {
  const toNumber = (value: unknown) => (typeof value === "string" ? numberOf.get(value) : Number(value));
  const kind: Ordered<number> = { read: (value) => toNumber(value) ?? Number.NaN, show: String };
  const defined = new Set(numberOf.values());
  const definedCheck: Check = (value) =>
    defined.has(kind.read(value)) ? undefined : "value must be one of the defined enum values";
  return firstOf([equalityCheck(rules, kind), rules["defined_only"] === true ? definedCheck : undefined]);
}
