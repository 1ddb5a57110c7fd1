import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { RequestHead } from "../../network/http-message.ts";
import { pathOnly } from "../path-only.ts";
import type { SupportTable } from "../../resources/support.ts";
import { noEffect } from "../../resources/support.ts";
import { wrapped } from "../../resources/values.ts";
import { refuse } from "../../resources/parsed.ts";
import type { TextTest } from "../../resources/string-match.ts";
import { parseRegex, parseStringMatcher } from "../../resources/string-match.ts";

type Match = MessageTypes["envoy.config.route.v3.RouteMatch"];
type HeaderMatcher = MessageTypes["envoy.config.route.v3.HeaderMatcher"];
type QueryMatcher = MessageTypes["envoy.config.route.v3.QueryParameterMatcher"];

/** True when a route is for the request. */
export type RouteTest = (request: RequestHead) => boolean;

const regexSupport: SupportTable = { regex: true, google_re2: noEffect };
const stringSupport: SupportTable = {
  exact: true,
  prefix: true,
  suffix: true,
  contains: true,
  safe_regex: regexSupport,
  ignore_case: true,
};

export const matchSupport: SupportTable = {
  prefix: true,
  path: true,
  safe_regex: regexSupport,
  path_separated_prefix: true,
  case_sensitive: true,
  headers: {
    name: true,
    exact_match: true,
    prefix_match: true,
    suffix_match: true,
    contains_match: true,
    safe_regex_match: regexSupport,
    string_match: stringSupport,
    present_match: true,
    range_match: true,
    invert_match: true,
    treat_missing_header_as_empty: true,
  },
  query_parameters: { name: true, string_match: stringSupport, present_match: true },
};

/** `envoy.config.route.v3.RouteMatch`: all of its conditions. */
export function parseRouteMatch(match: Match, path: string, problems: Problem[]): RouteTest {
  const testPath = parsePath(match, path, problems);
  const headers = (match.headers ?? []).map((one, index) =>
    parseHeaderMatcher(one, `${path}.headers[${index}]`, problems),
  );
  const query = (match.query_parameters ?? []).map((one, index) =>
    parseQueryMatcher(one, `${path}.query_parameters[${index}]`, problems),
  );
  if (headers.length === 0 && query.length === 0) return (request) => testPath(request.path);
  return (request) => {
    if (!testPath(request.path) || !headers.every((test) => test(request))) return false;
    if (query.length === 0) return true;
    const at = request.path.indexOf("?");
    const parameters = new URLSearchParams(at < 0 ? "" : request.path.slice(at + 1));
    return query.every((test) => test(parameters));
  };
}

function parsePath(match: Match, path: string, problems: Problem[]): TextTest {
  const isExact = wrapped(match.case_sensitive, false, true);
  const fold = (text: string) => (isExact ? text : text.toLowerCase());
  if (match.prefix !== undefined) {
    const prefix = fold(match.prefix);
    return prefix === "/" ? (text) => text.startsWith("/") : (text) => fold(text).startsWith(prefix);
  }
  if (match.path !== undefined) {
    const whole = fold(match.path);
    return (text) => fold(pathOnly(text)) === whole;
  }
  if (match.path_separated_prefix !== undefined) {
    const prefix = fold(match.path_separated_prefix);
    return (text) => {
      const own = fold(pathOnly(text));
      return own.startsWith(prefix) && (own.length === prefix.length || own[prefix.length] === "/");
    };
  }
  if (match.safe_regex) {
    const test = parseRegex(match.safe_regex, `${path}.safe_regex`, problems);
    return (text) => test(pathOnly(text));
  }
  return () => false;
}

/** A header as matchers see it, pseudo-headers included. */
export function headerOf(request: RequestHead, name: string): string | undefined {
  switch (name) {
    case ":method":
      return request.method;
    case ":path":
      return request.path;
    case ":authority":
      return request.headers.get("host");
    case ":scheme":
      return request.scheme;
    default:
      return request.headers.all(name);
  }
}

function parseHeaderMatcher(matcher: HeaderMatcher, path: string, problems: Problem[]): RouteTest {
  const name = (matcher.name ?? "").toLowerCase();
  const isInverted = matcher.invert_match ?? false;
  const readsMissing = matcher.treat_missing_header_as_empty ?? false;
  if (matcher.present_match !== undefined || !hasValueTest(matcher)) {
    const isWanted = (matcher.present_match ?? true) !== isInverted;
    return (request) => (readsMissing || headerOf(request, name) !== undefined) === isWanted;
  }
  const test = parseValueTest(matcher, path, problems);
  return (request) => {
    const value = headerOf(request, name) ?? (readsMissing ? "" : undefined);
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

function parseQueryMatcher(
  matcher: QueryMatcher,
  path: string,
  problems: Problem[],
): (parameters: URLSearchParams) => boolean {
  const { name = "" } = matcher;
  if (matcher.string_match) {
    const test = parseStringMatcher(matcher.string_match, `${path}.string_match`, problems);
    return (parameters) => {
      const value = parameters.get(name);
      return value !== null && test(value);
    };
  }
  if (matcher.present_match === false) {
    problems.push(
      refuse(
        `${path}.present_match`,
        "false is not supported by the bundled data plane",
        "unsupported-field",
      ),
    );
  }
  return (parameters) => parameters.has(name);
}
