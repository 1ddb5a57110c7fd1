/** What the beginning of a stream is: a version of HTTP, not HTTP, or not told yet. */
export type HttpDetection = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2" | "none" | "more";

/** RFC 9113, section 3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** RFC 9110, section 5.6.2: what a method consists of. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Whatever is no visible character separates, as in Envoy's parser. A line without a version is one of HTTP/0.9. */
const requestLine = /^([^\0-\x20]+)[\0-\x20]+([^\0-\x20]+)(?:[\0-\x20]+([^]*?))?[\0-\x20]*$/;
const version = /^HTTP\/\d\.\d$/;
const path = /^[/*][\t\f!-~]*$/;
const host = "[0-9A-Za-z!$%&'()*+,\\-.:;=@[\\]_~]*";
const url = new RegExp(`^[A-Za-z][0-9A-Za-z+\\-.]*://${host}(?:[/?][\\t\\f!-~]*)?$`);
const authority = new RegExp(`^${host}(?:[/?][\\t\\f!-~]*)?$`);

/**
 * Looks for a request at the beginning of a stream, by the rules of Envoy's `http_inspector`: the preface of HTTP/2, or a whole first
 * line; what begins with a byte that no method has is told at once. Every version but 1.1 counts as 1.0.
 */
export function detectHttp(bytes: Buffer): HttpDetection {
  if (bytes.length === 0) return "more";
  const length = Math.min(bytes.length, preface.length);
  const isPreface = preface.compare(bytes, 0, length, 0, length) === 0;
  if (isPreface) return bytes.length < preface.length ? "more" : "HTTP/2";
  if (!token.test(String.fromCharCode(bytes[0]!))) return "none";
  const end = bytes.indexOf("\n");
  return end < 0 ? "more" : versionOf(bytes.toString("latin1", 0, end));
}

function versionOf(line: string): HttpDetection {
  const [, method = "", target = "", spelled] = requestLine.exec(line) ?? [];
  if (!token.test(method) || !isTarget(target, method)) return "none";
  if (spelled === undefined || spelled === "") return "HTTP/1.0";
  if (!version.test(spelled)) return "none";
  return spelled === "HTTP/1.1" ? "HTTP/1.1" : "HTTP/1.0";
}

function isTarget(target: string, method: string): boolean {
  if (path.test(target)) return true;
  return (method === "CONNECT" ? authority : url).test(target) && !target.includes("@@");
}
