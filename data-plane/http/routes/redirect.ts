import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { LocalReply, RequestHead } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import { withoutPort } from "../host-port.ts";
import { pathOnly } from "../path-only.ts";
import { parseRegexRewrite, regexRewriteSupport } from "../../resources/regex-rewrite.ts";
import type { SupportTable } from "../../resources/support.ts";

type RedirectAction = MessageTypes["envoy.config.route.v3.RedirectAction"];

export const redirectSupport: SupportTable = {
  host_redirect: true,
  path_redirect: true,
  prefix_rewrite: true,
  https_redirect: true,
  scheme_redirect: true,
  port_redirect: true,
  strip_query: true,
  response_code: true,
  regex_rewrite: regexRewriteSupport,
};

const codes: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

/** `envoy.config.route.v3.RedirectAction`. `matched` is the prefix that the route matched, for `prefix_rewrite`. */
export function parseRedirect(
  redirect: RedirectAction,
  matched: string,
  path: string,
  problems: Problem[],
): (request: RequestHead) => LocalReply {
  const regex = redirect.regex_rewrite;
  const rewrite = regex ? parseRegexRewrite(regex, `${path}.regex_rewrite`, problems) : undefined;
  const status = codes[redirect.response_code ?? "MOVED_PERMANENTLY"] ?? 301;
  return (request) =>
    localReply(status, "direct_response", "", [
      ["location", locationOf(redirect, matched, rewrite, request)],
    ]);
}

type Rewrite = ((path: string) => string) | undefined;

function locationOf(
  redirect: RedirectAction,
  matched: string,
  rewrite: Rewrite,
  request: RequestHead,
): string {
  const scheme = redirect.https_redirect ? "https" : redirect.scheme_redirect || request.scheme;
  const current = request.headers.get("host") ?? "";
  let host = redirect.host_redirect || current;
  if (redirect.port_redirect) host = `${withoutPort(host)}:${redirect.port_redirect}`;
  else if (!redirect.host_redirect && scheme !== request.scheme) {
    // A port that is the old scheme's own must not go into a URL of the new one.
    const usual = scheme === "https" ? ":80" : ":443";
    if (host.endsWith(usual)) host = host.slice(0, -usual.length);
  }
  return `${scheme}://${host}${pathOf(redirect, matched, rewrite, request.path)}`;
}

function pathOf(redirect: RedirectAction, matched: string, rewrite: Rewrite, path: string): string {
  const own = pathOnly(path);
  const query = redirect.strip_query ? "" : path.slice(own.length);
  if (redirect.path_redirect) {
    return redirect.path_redirect.includes("?") ? redirect.path_redirect : redirect.path_redirect + query;
  }
  if (redirect.prefix_rewrite) return redirect.prefix_rewrite + own.slice(matched.length) + query;
  return (rewrite ? rewrite(own) : own) + query;
}
