import { hasControl, isAuthority, isToken, isVisible } from "./characters.ts";
import type { CodecError } from "./codec-error.ts";
import { badMessage } from "./codec-error.ts";

/** The first line of a request. */
export interface RequestLine {
  readonly method: string;
  /** Begins with `/`, or is `*`; empty for CONNECT. */
  readonly path: string;
  /** Of a target that names it (absolute form, CONNECT): it goes before the host header. */
  readonly authority?: string;
  /** HTTP/1.0, whose connection does not stay open by itself. */
  readonly isOld?: boolean;
}

/** The first line of a response. */
export interface StatusLine {
  readonly status: number;
  /** HTTP/1.0, whose connection does not stay open by itself. */
  readonly isOld: boolean;
}

/** The methods that Envoy takes; every other is a bad request. */
const methods: ReadonlySet<string> = new Set([
  "ACL",
  "BIND",
  "CHECKOUT",
  "CONNECT",
  "COPY",
  "DELETE",
  "GET",
  "HEAD",
  "LINK",
  "LOCK",
  "MERGE",
  "MKACTIVITY",
  "MKCALENDAR",
  "MKCOL",
  "MOVE",
  "NOTIFY",
  "OPTIONS",
  "PATCH",
  "POST",
  "PROPFIND",
  "PROPPATCH",
  "PURGE",
  "PUT",
  "REBIND",
  "REPORT",
  "SEARCH",
  "SOURCE",
  "SUBSCRIBE",
  "TRACE",
  "UNBIND",
  "UNLINK",
  "UNLOCK",
  "UNSUBSCRIBE",
]);

const lenientRequest = /^([^ \t]+)[ \t]+([^ \t]+)(?:[ \t]+(.*?))?[ \t]*$/;
const version = /^HTTP\/\d\.\d$/;
const absolute = /^https?:\/\/([^/?#]*)([^]*)$/i;
const otherScheme = /^[a-z][a-z\d+.-]*:\/\//i;
const statusLine = /^HTTP\/1\.([01])[ \t]+(\d{3})(?:[ \t][^]*)?$/;

/** What requests are taken beside the usual ones. */
export interface RequestLineOptions {
  /** Methods that Envoy does not know by name. */
  readonly allowsCustomMethods?: boolean;
  /** HTTP/1.0 too. */
  readonly acceptsHttp10?: boolean;
}

/** Reads the first line of a request, without its line break. Only HTTP/1.1 is served: 426 for any other version, as in Envoy. */
export function readRequestLine(line: string, options: RequestLineOptions = {}): RequestLine | CodecError {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  // What nearly every client sends, without a regular expression.
  if (first > 0 && last > first && line.endsWith(" HTTP/1.1") && line.charCodeAt(first + 1) === 47) {
    const path = line.slice(first + 1, last);
    const method = line.slice(0, first);
    if (methods.has(method) && method !== "CONNECT" && isVisible(path)) return { method, path };
  }
  return readUnusual(line, options);
}

function readUnusual(
  line: string,
  { allowsCustomMethods = false, acceptsHttp10 = false }: RequestLineOptions,
): RequestLine | CodecError {
  if (hasControl(line))
    return badMessage("a control character in the request line", "http1.invalid_characters");
  const found = lenientRequest.exec(line);
  if (!found) return badMessage("no request line");
  const [, method = "", target = "", spelledVersion] = found;
  const isMethod = methods.has(method) || (allowsCustomMethods && isToken(method));
  if (!isMethod) return badMessage(`the method ${method} is not known`);
  if (spelledVersion !== undefined && !version.test(spelledVersion)) return badMessage("no HTTP version");
  if (!isVisible(target)) return badMessage("the request target holds an invalid character");
  const isOld = spelledVersion === "HTTP/1.0" && acceptsHttp10;
  if (spelledVersion !== "HTTP/1.1" && !isOld) {
    return { status: 426, reason: `the version ${spelledVersion ?? "HTTP/0.9"}`, details: "low_version" };
  }
  const read = readTarget(method, target);
  return isOld && !("reason" in read) ? { ...read, isOld } : read;
}

function readTarget(method: string, target: string): RequestLine | CodecError {
  if (method === "CONNECT") return connectLine(target);
  if (target.startsWith("/")) return { method, path: target };
  if (target === "*") {
    if (method === "OPTIONS") return { method, path: target };
    return badMessage("* is for OPTIONS only", "http1.invalid_url");
  }
  const url = absolute.exec(target);
  if (!url && otherScheme.test(target))
    return badMessage("the URL is neither of http nor of https", "http1.invalid_scheme");
  if (!url) return badMessage("the request target is neither a path nor a URL");
  const [, spelledAuthority = "", rest = ""] = url;
  const authority = spelledAuthority.slice(spelledAuthority.lastIndexOf("@") + 1);
  if (authority === "" || !isAuthority(authority))
    return badMessage("the URL has no valid host", "http1.invalid_url");
  return { method, path: rest === "" ? "/" : rest, authority };
}

function connectLine(target: string): RequestLine | CodecError {
  return isAuthority(target) && target.includes(":")
    ? { method: "CONNECT", path: "", authority: target }
    : badMessage("CONNECT without a host and a port", "http1.invalid_url");
}

/** Reads the first line of a response, without its line break. */
export function readStatusLine(line: string): StatusLine | CodecError {
  const found = hasControl(line) ? null : statusLine.exec(line);
  if (!found) return badMessage("no status line");
  const status = Number(found[2]);
  if (status < 100) return badMessage(`the status ${status}`);
  return { status, isOld: found[1] === "0" };
}
