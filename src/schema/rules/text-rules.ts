import { RE2JS } from "re2js";
import { type Check, firstOf, listText, ruleList, type RuleSet } from "./check.ts";
import { formatCheck } from "./text-formats.ts";

/** Rules of a string field. Lengths count code points, `_bytes` rules count UTF-8. */
export function stringCheck(rules: RuleSet): Check | undefined {
  const check = firstOf([
    constantCheck(rules),
    lengthCheck(rules, ["len", "min_len", "max_len"], "characters", codePoints),
    lengthCheck(rules, ["len_bytes", "min_bytes", "max_bytes"], "bytes", utf8Length),
    affixCheck(rules),
    patternCheck(rules["pattern"], String),
    formatCheck(rules),
  ]);
  if (!check || rules["ignore_empty"] !== true) return check;
  return (value) => (value === "" ? undefined : check(value));
}

/** Rules of a bytes field; `const`, `in` and the affixes are base64 in the rules. */
export function bytesCheck(rules: RuleSet): Check | undefined {
  const check = firstOf([
    lengthCheck(rules, ["len", "min_len", "max_len"], "bytes", sizeOf),
    onLatin1(bytesEquality(rules)),
    onLatin1(patternCheck(rules["pattern"], String)),
    formatCheckOfBytes(rules),
  ]);
  if (!check || rules["ignore_empty"] !== true) return check;
  return (value) => (sizeOf(value) === 0 ? undefined : check(value));
}

const codePoints = (value: unknown): number => {
  const text = String(value);
  let count = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0xd800 && code <= 0xdbff) count -= 1;
  }
  return count;
};
const utf8Length = (value: unknown): number => Buffer.byteLength(String(value));
const sizeOf = (value: unknown): number => (Buffer.isBuffer(value) ? value.length : 0);

function lengthCheck(
  rules: RuleSet,
  [exactly, atLeast, atMost]: readonly [string, string, string],
  unit: "characters" | "bytes",
  lengthOf: (value: unknown) => number,
): Check | undefined {
  const min = numberOf(rules[exactly] ?? rules[atLeast]);
  const max = numberOf(rules[exactly] ?? rules[atMost]);
  if (min === undefined && max === undefined) return undefined;
  const complaint = lengthComplaint(min, max, unit);
  return (value) => {
    const length = lengthOf(value);
    return (min !== undefined && length < min) || (max !== undefined && length > max) ? complaint : undefined;
  };
}

function lengthComplaint(
  min: number | undefined,
  max: number | undefined,
  unit: "characters" | "bytes",
): string {
  if (min === max)
    return unit === "bytes" ? `value length must be ${min} bytes` : `value must be ${min} characters`;
  if (max === undefined) return `value length must be at least ${min} ${unit}`;
  if (min === undefined) return `value length must be at most ${max} ${unit}`;
  return unit === "bytes"
    ? `value length must be between ${min} and ${max} bytes, inclusive`
    : `value must have between ${min} and ${max} characters inclusive`;
}

function numberOf(rule: unknown): number | undefined {
  return rule === undefined ? undefined : Number(rule);
}

function constantCheck(rules: RuleSet): Check | undefined {
  const constant = rules["const"];
  const allowed = ruleList(rules, "in");
  const refused = ruleList(rules, "not_in");
  if (constant === undefined && allowed.length === 0 && refused.length === 0) return undefined;
  return (value) => {
    if (constant !== undefined && value !== constant) return `value must equal ${quote(constant)}`;
    if (allowed.length > 0 && !allowed.includes(value)) return `value must be in list ${listText(allowed)}`;
    if (refused.includes(value)) return `value must not be in list ${listText(refused)}`;
    return undefined;
  };
}

function affixCheck(rules: RuleSet): Check | undefined {
  const { prefix, suffix, contains, not_contains: excluded } = rules;
  return firstOf([
    typeof prefix === "string"
      ? (value) =>
          String(value).startsWith(prefix) ? undefined : `value does not have prefix ${quote(prefix)}`
      : undefined,
    typeof suffix === "string"
      ? (value) =>
          String(value).endsWith(suffix) ? undefined : `value does not have suffix ${quote(suffix)}`
      : undefined,
    typeof contains === "string"
      ? (value) =>
          String(value).includes(contains) ? undefined : `value does not contain substring ${quote(contains)}`
      : undefined,
    typeof excluded === "string"
      ? (value) =>
          String(value).includes(excluded) ? `value contains substring ${quote(excluded)}` : undefined
      : undefined,
  ]);
}

/** RE2 syntax and linear time, and the whole value must match, as in Envoy. */
function patternCheck(pattern: unknown, textOf: (value: unknown) => string): Check | undefined {
  if (typeof pattern !== "string") return undefined;
  const compiled = RE2JS.compile(pattern);
  return (value) =>
    compiled.matches(textOf(value)) ? undefined : `value does not match regex pattern ${quote(pattern)}`;
}

function bytesEquality(rules: RuleSet): Check | undefined {
  const decoded: Record<string, unknown> = {};
  for (const name of ["const", "prefix", "suffix", "contains"]) {
    const rule = rules[name];
    if (typeof rule === "string") decoded[name] = latin1(Buffer.from(rule, "base64"));
  }
  for (const name of ["in", "not_in"]) {
    const list = ruleList(rules, name);
    if (list.length > 0) decoded[name] = list.map((each) => latin1(Buffer.from(String(each), "base64")));
  }
  return firstOf([constantCheck(decoded), affixCheck(decoded)]);
}

function onLatin1(check: Check | undefined): Check | undefined {
  return check && ((value) => check(latin1(value)));
}

function latin1(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("latin1") : "";
}

/** `ip`, `ipv4` and `ipv6` of bytes: an address in network order. */
function formatCheckOfBytes(rules: RuleSet): Check | undefined {
  const sizes =
    rules["ipv4"] === true ? [4] : rules["ipv6"] === true ? [16] : rules["ip"] === true ? [4, 16] : [];
  if (sizes.length === 0) return undefined;
  return (value) => (sizes.includes(sizeOf(value)) ? undefined : "value must be a valid IP address");
}

function quote(value: unknown): string {
  return JSON.stringify(value);
}
