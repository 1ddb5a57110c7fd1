import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { MetadataValue } from "../network/connection-info.ts";
import { stringMatcherSupport } from "./header-match.ts";
import { parseStringMatcher } from "./string-match.ts";
import type { SupportTable } from "./support.ts";
import { unsupportedFields } from "./support.ts";

type ValueMatcher = MessageTypes["envoy.type.matcher.v3.ValueMatcher"];
type MetadataMatcher = MessageTypes["envoy.type.matcher.v3.MetadataMatcher"];
type DoubleMatcher = MessageTypes["envoy.type.matcher.v3.DoubleMatcher"];

/** A test of a value of metadata; undefined is one that is not there. */
type ValueTest = (value: MetadataValue | undefined) => boolean;

/** The fields of a namespace; undefined when nobody wrote to it. */
export type MetadataOf = (namespace: string) => Readonly<Record<string, MetadataValue>> | undefined;

const simpleSupport: SupportTable = {
  null_match: true,
  double_match: { range: { start: true, end: true }, exact: true },
  string_match: stringMatcherSupport,
  bool_match: true,
  present_match: true,
};

/** Values nest: each level is looked at as deep as it goes. */
const valueSupport: SupportTable = {
  ...simpleSupport,
  list_match: (value, path) =>
    isMessage(value) ? unsupportedFields(value, { one_of: valueSupport }, path) : [],
  or_match: (value, path) =>
    isMessage(value) ? unsupportedFields(value, { value_matchers: valueSupport }, path) : [],
};

export const metadataMatcherSupport: SupportTable = {
  filter: true,
  path: { key: true },
  value: valueSupport,
  invert: true,
};

function isMessage(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** `envoy.type.matcher.v3.MetadataMatcher`. */
export function parseMetadataMatcher(
  matcher: MetadataMatcher,
  path: string,
  problems: Problem[],
): (metadata: MetadataOf) => boolean {
  const { filter = "", invert = false } = matcher;
  const keys = (matcher.path ?? []).map(({ key = "" }) => key);
  const test = parseValueMatcher(matcher.value ?? {}, `${path}.value`, problems);
  return (metadata) => test(valueAt(metadata(filter), keys)) !== invert;
}

function valueAt(
  fields: Readonly<Record<string, MetadataValue>> | undefined,
  keys: readonly string[],
): MetadataValue | undefined {
  let found: MetadataValue | undefined = fields;
  for (const key of keys) {
    if (typeof found !== "object" || found === null || isList(found) || !Object.hasOwn(found, key))
      return undefined;
    found = found[key];
  }
  return found;
}

function isList(value: MetadataValue): value is readonly MetadataValue[] {
  return Array.isArray(value);
}

function parseValueMatcher(matcher: ValueMatcher, path: string, problems: Problem[]): ValueTest {
  if (matcher.null_match) return (value) => value === null;
  if (matcher.double_match) return parseDoubleMatcher(matcher.double_match);
  if (matcher.string_match) {
    const test = parseStringMatcher(matcher.string_match, `${path}.string_match`, problems);
    return (value) => typeof value === "string" && test(value);
  }
  if (matcher.bool_match !== undefined) return (value) => value === matcher.bool_match;
  // What is asked is whether there is a value, and wanted is what the matcher says of that.
  if (matcher.present_match !== undefined)
    return (value) => matcher.present_match === true && value !== undefined;
  if (matcher.or_match) {
    const tests = (matcher.or_match.value_matchers ?? []).map((one, index) =>
      parseValueMatcher(one, `${path}.or_match.value_matchers[${index}]`, problems),
    );
    return (value) => tests.some((test) => test(value));
  }
  // The field rules want one of the patterns to be there.
  if (!matcher.list_match) return () => false;
  const one = parseValueMatcher(matcher.list_match.one_of ?? {}, `${path}.list_match.one_of`, problems);
  return (value) => value !== undefined && value !== null && isList(value) && value.some(one);
}

function parseDoubleMatcher({ exact, range }: DoubleMatcher): ValueTest {
  if (exact !== undefined) return (value) => value === exact;
  const start = range?.start ?? 0;
  const end = range?.end ?? 0;
  return (value) => typeof value === "number" && value >= start && value < end;
}
