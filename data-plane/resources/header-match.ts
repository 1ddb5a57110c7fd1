import type { MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { TextTest } from "./string-match.ts";
import { parseRegex, parseStringMatcher } from "./string-match.ts";
import type { SupportTable } from "./support.ts";
import { noEffect } from "./support.ts";

type HeaderMatcher = MessageTypes["envoy.config.route.v3.HeaderMatcher"];

/** A test of the headers that `get` gives by their lower-case names, pseudo-headers such as `:path` included. */
export type HeaderTest = (get: (name: string) => string | undefined) => boolean;

export const regexMatcherSupport: SupportTable = { regex: true, google_re2: noEffect };
export const stringMatcherSupport: SupportTable = {
  exact: true,
  prefix: true,
  suffix: true,
  contains: true,
  safe_regex: regexMatcherSupport,
  ignore_case: true,
};

export const headerMatcherSupport: SupportTable = {
  name: true,
  exact_match: true,
  prefix_match: true,
  suffix_match: true,
  contains_match: true,
  safe_regex_match: regexMatcherSupport,
  string_match: stringMatcherSupport,
  present_match: true,
  range_match: true,
  invert_match: true,
  treat_missing_header_as_empty: true,
};

/** `envoy.config.route.v3.HeaderMatcher`. */
export function parseHeaderMatcher(matcher: HeaderMatcher, path: string, problems: Problem[]): HeaderTest {
  const name = (matcher.name ?? "").toLowerCase();
  const isInverted = matcher.invert_match ?? false;
  const readsMissing = matcher.treat_missing_header_as_empty ?? false;
  if (matcher.present_match !== undefined || !hasValueTest(matcher)) {
    const isWanted = (matcher.present_match ?? true) !== isInverted;
    return (get) => (readsMissing || get(name) !== undefined) === isWanted;
  }
  const test = parseValueTest(matcher, path, problems);
  return (get) => {
    const value = get(name) ?? (readsMissing ? "" : undefined);
    // A header that is not there fits no value, inverted or not: so does Envoy 1.40.
    return value !== undefined && test(value) !== isInverted;
  };
}

function hasValueTest(matcher: HeaderMatcher): boolean {
  return [
    matcher.exact_match,
    matcher.prefix_match,
    matcher.suffix_match,
    matcher.contains_match,
    matcher.safe_regex_match,
    matcher.string_match,
    matcher.range_match,
  ].some((value) => value !== undefined);
}

function parseValueTest(matcher: HeaderMatcher, path: string, problems: Problem[]): TextTest {
  const {
    exact_match: exact,
    prefix_match: prefix,
    suffix_match: suffix,
    contains_match: contained,
  } = matcher;
  if (exact !== undefined) return (value) => value === exact;
  if (prefix !== undefined) return (value) => value.startsWith(prefix);
  if (suffix !== undefined) return (value) => value.endsWith(suffix);
  if (contained !== undefined) return (value) => value.includes(contained);
  if (matcher.safe_regex_match) {
    return parseRegex(matcher.safe_regex_match, `${path}.safe_regex_match`, problems);
  }
  if (matcher.string_match) return parseStringMatcher(matcher.string_match, `${path}.string_match`, problems);
  const { start = "0", end = "0" } = matcher.range_match ?? {};
  const from = BigInt(start);
  const to = BigInt(end);
  return (value) => /^[+-]?\d+$/.test(value) && BigInt(value) >= from && BigInt(value) < to;
}
