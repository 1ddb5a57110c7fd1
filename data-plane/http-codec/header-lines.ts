import { HeaderList } from "../network/header-list.ts";
import { hasControl, isToken } from "./characters.ts";
import type { CodecError } from "./codec-error.ts";
import { badMessage } from "./codec-error.ts";

const CR = 13;
const SPACE = 32;
const TAB = 9;

/**
 * Of these only one may be there for the rest of the proxy to be sure of: further ones are put behind the first with a comma, as
 * Envoy does with those that it has fields for.
 */
const joined: ReadonlySet<string> = new Set([
  "accept",
  "connection",
  "content-type",
  "expect",
  "grpc-timeout",
  "host",
  "te",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "via",
  "x-client-trace-id",
  "x-envoy-decorator-operation",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-external-address",
  "x-envoy-internal",
  "x-envoy-max-retries",
  "x-envoy-original-path",
  "x-envoy-retry-on",
  "x-envoy-upstream-rq-timeout-ms",
  "x-forwarded-client-cert",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-request-id",
]);

/**
 * Reads header lines, each with its line break, from `from` to the end of `text`. As lenient as Envoy and no more: a bare line feed
 * ends a line, a folded line goes on with its own white space, a bare carriage return is dropped (a header that holds one never
 * reaches anybody with it).
 */
export function readHeaderLines(text: string, from: number, maxCount: number): HeaderList | CodecError {
  if (hasControl(text)) return badMessage("a control character in the head", "http1.invalid_characters");
  const flat: string[] = [];
  const hasBareReturn = bareReturn.test(text);
  let isRepeated = false;
  let at = from;
  while (at < text.length) {
    let end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon > end) return badMessage("a header line without a colon");
    const spelled = text.slice(at, colon);
    if (!isToken(spelled)) return badMessage("a header name with an invalid character");
    const name = spelled.toLowerCase();
    const isFolded = isBlank(text.charCodeAt(end + 1));
    while (isBlank(text.charCodeAt(end + 1))) {
      const next = text.indexOf("\n", end + 1);
      end = next < 0 ? text.length : next;
    }
    let value = isFolded ? unfolded(text.slice(colon + 1, end)) : trimmed(text, colon + 1, end);
    if (hasBareReturn && value.includes("\r")) value = value.replaceAll("\r", "");
    if (!isRepeated && joined.has(name)) isRepeated = flat.includes(name);
    flat.push(name, value);
    if (flat.length > maxCount * 2)
      return { status: 431, reason: `more than ${maxCount} headers`, details: "http1.too_many_headers" };
    at = end + 1;
  }
  return new HeaderList(isRepeated ? join(flat) : flat);
}

const bareReturn = /\r(?!\n)/;
const lineBreak = /\r*\n/g;

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function unfolded(text: string): string {
  const line = text.replaceAll(lineBreak, "");
  return trimmed(line, 0, line.length);
}

/** The text between, without white space at either end and without the carriage return of the line break. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && (isBlank(text.charCodeAt(end - 1)) || text.charCodeAt(end - 1) === CR)) end -= 1;
  return text.slice(start, end);
}

function join(flat: readonly string[]): string[] {
  const result = new HeaderList();
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at]!;
    if (joined.has(name)) result.append(name, flat[at + 1]!);
    else result.add(name, flat[at + 1]!);
  }
  return result.flat;
}

/** True for a header of which there is only one: further values go behind the first. */
export function isJoined(name: string): boolean {
  return joined.has(name);
}
