import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { RequestHead } from "../../network/http-message.ts";
import { pathOnly } from "../path-only.ts";
import type { ConnectionInfo } from "../../network/connection-info.ts";
import type { ParseContext } from "../../resources/extension.ts";
import { isChosen, runtimeFraction, runtimeFractionSupport } from "../../resources/runtime-fraction.ts";
import type { SupportTable } from "../../resources/support.ts";
import { metadataMatcherSupport, parseMetadataMatcher } from "../../resources/value-match.ts";
import { wrapped } from "../../resources/values.ts";
import { refuse } from "../../resources/parsed.ts";
import type { TextTest } from "../../resources/string-match.ts";
import { parseRegex, parseStringMatcher } from "../../resources/string-match.ts";
import {
  headerMatcherSupport,
  parseHeaderMatcher,
  regexMatcherSupport,
  stringMatcherSupport,
} from "../../resources/header-match.ts";

type Match = MessageTypes["envoy.config.route.v3.RouteMatch"];
type QueryMatcher = MessageTypes["envoy.config.route.v3.QueryParameterMatcher"];

/** What routes may look at beside the request. */
export interface RouteSurroundings {
  /** The connection that the request came on. */
  readonly info: ConnectionInfo;
  /** A number in [0, 1). */
  random(): number;
}

/** True when a route is for the request. */
export type RouteTest = (request: RequestHead, around: RouteSurroundings) => boolean;

/** What the whole route configuration says about matching. */
export interface MatchOptions {
  /** `ignore_path_parameters_in_path_matching`: what stands behind the first ";" is no part of the path. */
  readonly ignoresPathParameters: boolean;
}

export const matchSupport: SupportTable = {
  prefix: true,
  path: true,
  safe_regex: regexMatcherSupport,
  path_separated_prefix: true,
  connect_matcher: true,
  case_sensitive: true,
  headers: headerMatcherSupport,
  query_parameters: { name: true, string_match: stringMatcherSupport, present_match: true },
  runtime_fraction: runtimeFractionSupport,
  tls_context: { presented: true, validated: true },
  dynamic_metadata: metadataMatcherSupport,
};

/** `envoy.config.route.v3.RouteMatch`: all of its conditions. */
export function parseRouteMatch(
  match: Match,
  { ignoresPathParameters }: MatchOptions,
  context: ParseContext,
  path: string,
  problems: Problem[],
): RouteTest {
  const testWhole = parsePath(match, path, problems);
  const testPath: TextTest = ignoresPathParameters
    ? (target) => testWhole(withoutParameters(target))
    : testWhole;
  const around = parseSurroundingTests(match, context, path, problems);
  const headers = (match.headers ?? []).map((one, index) =>
    parseHeaderMatcher(one, `${path}.headers[${index}]`, problems),
  );
  const query = (match.query_parameters ?? []).map((one, index) =>
    parseQueryMatcher(one, `${path}.query_parameters[${index}]`, problems),
  );
  // A CONNECT has no path, and matches nothing but the matcher for it.
  const isForConnect = match.connect_matcher !== undefined;
  const fits = ({ path: target, method }: RequestHead) =>
    target === "" ? isForConnect && method === "CONNECT" : testPath(target);
  if (headers.length === 0 && query.length === 0 && around.length === 0) return fits;
  return (request, surroundings) => {
    if (!fits(request) || !around.every((test) => test(surroundings))) return false;
    if (headers.length > 0) {
      const get = (name: string) => headerOf(request, name);
      if (!headers.every((test) => test(get))) return false;
    }
    if (query.length === 0) return true;
    const at = request.path.indexOf("?");
    const parameters = new URLSearchParams(at < 0 ? "" : request.path.slice(at + 1));
    return query.every((test) => test(parameters));
  };
}

function withoutParameters(target: string): string {
  const at = target.indexOf(";");
  return at < 0 ? target : target.slice(0, at);
}

/** The conditions that are not about the request. */
function parseSurroundingTests(
  match: Match,
  context: ParseContext,
  path: string,
  problems: Problem[],
): readonly ((around: RouteSurroundings) => boolean)[] {
  const tests: ((around: RouteSurroundings) => boolean)[] = [];
  if (match.runtime_fraction) {
    const fraction = runtimeFraction(match.runtime_fraction, context, 1);
    tests.push((around) => isChosen(fraction(), () => around.random()));
  }
  const { presented, validated } = match.tls_context ?? {};
  if (presented) {
    tests.push(({ info }) => (info.tls?.peer !== undefined) === (presented.value ?? false));
  }
  if (validated) {
    tests.push(({ info }) => (info.tls?.isPeerValidated ?? false) === (validated.value ?? false));
  }
  for (const [index, matcher] of (match.dynamic_metadata ?? []).entries()) {
    const test = parseMetadataMatcher(matcher, `${path}.dynamic_metadata[${index}]`, problems);
    tests.push(({ info }) => test((namespace) => info.metadata(namespace)));
  }
  return tests;
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
      return request.method || undefined;
    case ":path":
      return request.path || undefined;
    case ":authority":
      return request.headers.get("host");
    case ":scheme":
      return request.scheme;
    default:
      return request.headers.all(name);
  }
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
