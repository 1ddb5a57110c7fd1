import type { RouteAction } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { RequestHead } from "../../network/http-message.ts";
import { parseRegexRewrite } from "../../resources/regex-rewrite.ts";
import { pathOnly } from "../path-only.ts";

/** Changes the path and the host of a request that goes on, past the header mutations. `tells`: `x-envoy-original-…` says what they were. */
export type Rewrite = (request: RequestHead, tells: boolean) => void;

/** What a route rewrites; undefined when it rewrites nothing. `matched` is what it matched of the path. */
export function parseRewrite(
  route: RouteAction,
  matched: string,
  path: string,
  problems: Problem[],
): Rewrite | undefined {
  const newPath = pathRewrite(route, matched, path, problems);
  const newHost = hostRewrite(route, path, problems);
  if (!newPath && !newHost) return undefined;
  const forwards = route.append_x_forwarded_host ?? false;
  return (request, tells) => {
    const host = newHost?.(request);
    if (host !== undefined) rewriteHost(request, host, { forwards, tells });
    if (!newPath) return;
    const before = request.path;
    if (tells) request.headers.set("x-envoy-original-path", before);
    const own = pathOnly(before);
    request.path = newPath(own) + before.slice(own.length);
  };
}

/** Who keeps the host that a request had: `x-forwarded-host` if it `forwards`, `x-envoy-original-host` if it `tells`. */
interface OldHost {
  readonly forwards: boolean;
  readonly tells: boolean;
}

export function rewriteHost({ headers }: RequestHead, host: string, { forwards, tells }: OldHost): void {
  const before = headers.get("host");
  if (tells && before !== undefined) headers.set("x-envoy-original-host", before);
  if (forwards && before !== undefined && before !== "") {
    const told = headers.get("x-forwarded-host");
    const last = told?.split(",").at(-1)?.trim();
    if (last !== before) headers.append("x-forwarded-host", before);
  }
  headers.set("host", host);
}

function pathRewrite(
  { prefix_rewrite: prefix, regex_rewrite: regex }: RouteAction,
  matched: string,
  path: string,
  problems: Problem[],
): ((path: string) => string) | undefined {
  if (prefix) return (own) => prefix + own.slice(matched.length);
  return regex ? parseRegexRewrite(regex, `${path}.regex_rewrite`, problems) : undefined;
}

function hostRewrite(
  { host_rewrite_literal: literal, host_rewrite_header: header, host_rewrite_path_regex: regex }: RouteAction,
  path: string,
  problems: Problem[],
): ((request: RequestHead) => string | undefined) | undefined {
  if (literal) return () => literal;
  if (header) {
    const name = header.toLowerCase();
    return ({ headers }) => headers.get(name) || undefined;
  }
  if (!regex) return undefined;
  const rewrite = parseRegexRewrite(regex, `${path}.host_rewrite_path_regex`, problems);
  return (request) => rewrite(pathOnly(request.path));
}
