import type { RequestHead } from "../network/http-message.ts";
import { HeaderList } from "../network/header-list.ts";

/** What is known of a message from its head. */
export type ReadHead<Head> =
  | {
      readonly kind: "head";
      readonly head: Head;
      /** `content-length`; undefined when there is none. */
      readonly contentLength: number | undefined;
    }
  /** The message is malformed (RFC 9113, section 8.1.1). */
  | { readonly kind: "malformed"; readonly reason: string };

interface Fields {
  readonly pseudo: ReadonlyMap<string, string>;
  readonly headers: HeaderList;
  readonly contentLength: number | undefined;
}

const namePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No control characters except the tab (RFC 9113, section 8.2.1, as far as any proxy minds). */
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;
const methodPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const schemePattern = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const authorityPattern = /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]%]+$/;
const pathPattern = /^[\x21-\x7e]+$/;
const digits = /^\d+$/;

const requestPseudo: ReadonlySet<string> = new Set([":method", ":path", ":scheme", ":authority"]);
const responsePseudo: ReadonlySet<string> = new Set([":status"]);
const noPseudo: ReadonlySet<string> = new Set();

/** What belongs to a connection, of which there is only one (section 8.2.2). */
const connectionHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** The head of a request from its fields, `:authority` as `host` and the pieces of a cookie joined (section 8.2.3). */
export function readRequestHead(flat: readonly string[]): ReadHead<RequestHead> {
  const fields = readFields(flat, requestPseudo);
  if (typeof fields === "string") return malformed(fields);
  const { pseudo, headers, contentLength } = fields;
  const method = pseudo.get(":method");
  const path = pseudo.get(":path");
  const scheme = pseudo.get(":scheme");
  const authority = pseudo.get(":authority");
  if (method === undefined || !methodPattern.test(method))
    return malformed("no :method, or none that is one");
  if (authority !== undefined && !authorityPattern.test(authority)) return malformed(":authority is none");
  if (method === "CONNECT") {
    if (authority === undefined || path !== undefined || scheme !== undefined) {
      return malformed("CONNECT has :authority, and neither :path nor :scheme");
    }
  } else {
    if (path === undefined || scheme === undefined) return malformed("no :path or no :scheme");
    if (!isPath(path, method) || !schemePattern.test(scheme)) return malformed(":path or :scheme is none");
    if (authority === undefined && !headers.has("host")) return malformed("neither :authority nor host");
  }
  const head: RequestHead = {
    method,
    path: path ?? "",
    headers,
    scheme: scheme === "https" ? "https" : "http",
    isUpgrade: false,
  };
  return { kind: "head", head, contentLength };
}

/** The head of a response from its fields: its status and headers. */
export function readResponseHead(
  flat: readonly string[],
): ReadHead<{ readonly status: number; readonly headers: HeaderList }> {
  const fields = readFields(flat, responsePseudo);
  if (typeof fields === "string") return malformed(fields);
  const status = fields.pseudo.get(":status");
  if (status === undefined || !/^[1-9]\d\d$/.test(status))
    return malformed("no :status, or none that is one");
  const code = Number(status);
  if (code === 101) return malformed("101 does not exist in HTTP/2");
  return {
    kind: "head",
    head: { status: code, headers: fields.headers },
    contentLength: fields.contentLength,
  };
}

/** Trailers, which have no pseudo headers; undefined when they are malformed. */
export function readTrailers(flat: readonly string[]): HeaderList | undefined {
  const fields = readFields(flat, noPseudo);
  return typeof fields === "string" ? undefined : fields.headers;
}

function malformed(reason: string): { readonly kind: "malformed"; readonly reason: string } {
  return { kind: "malformed", reason };
}

function isPath(path: string, method: string): boolean {
  if (!pathPattern.test(path)) return false;
  return path.startsWith("/") || (path === "*" && method === "OPTIONS");
}

/** The fields sorted; why they are malformed otherwise. */
function readFields(flat: readonly string[], known: ReadonlySet<string>): Fields | string {
  const pseudo = new Map<string, string>();
  const own: string[] = [];
  let hasHeaders = false;
  let hasHost = false;
  let cookie: string | undefined;
  let contentLength: number | undefined;
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at]!;
    const value = flat[at + 1]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (hasHeaders) return `${name} behind a header`;
      if (!known.has(name) || pseudo.has(name)) return `${name} does not belong there, or not twice`;
      pseudo.set(name, value);
      // The authority, which has the first place that a header can have.
      if (name === ":authority") own.push("host", value);
      continue;
    }
    hasHeaders = true;
    if (!namePattern.test(name) || !valuePattern.test(value))
      return "a name or value with a character it may not have";
    if (connectionHeaders.has(name)) return `${name} has no meaning here`;
    if (name === "host") {
      if (hasHost || !authorityPattern.test(value)) return "host is none, or not one";
      hasHost = true;
      if (pseudo.has(":authority")) continue;
    }
    if (name === "te" && value.toLowerCase() !== "trailers") return "te may ask for trailers only";
    if (name === "cookie") {
      cookie = cookie === undefined ? value : `${cookie}; ${value}`;
      continue;
    }
    if (name === "content-length") {
      const length = digits.test(value) ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(length) || contentLength !== undefined) return "content-length is no length";
      contentLength = length;
    }
    own.push(name, value);
  }
  if (cookie !== undefined) own.push("cookie", cookie);
  return { pseudo, headers: new HeaderList(own), contentLength };
}
