import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { RequestHead } from "../../network/http-message.ts";
import { pathOnly } from "../path-only.ts";
import type { SupportTable } from "../../resources/support.ts";
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

/** True when a route is for the request. */
export type RouteTest = (request: RequestHead) => boolean;

export const matchSupport: SupportTable = {
  prefix: true,
  path: true,
  safe_regex: regexMatcherSupport,
  path_separated_prefix: true,
  connect_matcher: true,
  case_sensitive: true,
  headers: headerMatcherSupport,
  query_parameters: { name: true, string_match: stringMatcherSupport, present_match: true },
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
  // A CONNECT has no path, and matches nothing but the matcher for it.
  const isForConnect = match.connect_matcher !== undefined;
  const fits = ({ path: target, method }: RequestHead) =>
    target === "" ? isForConnect && method === "CONNECT" : testPath(target);
  if (headers.length === 0 && query.length === 0) return fits;
  return (request) => {
    if (!fits(request)) return false;
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
