/** What stays as it is, a dot where no segment begins too; every other visible character is escaped. */
const plain = /^(?:[\w!$&'()*+,\-/:;=@[\]~]|(?<!\/)\.)*$/;
const unescaped = /[\w\-.~]/;
const escapeSequence = /^%[0-9A-Fa-f]{2}$/;
const dot = /\.|%2e/iy;

/**
 * A path in its normal form (RFC 3986, section 6), as the URL library that Envoy uses makes it: dot segments are resolved, unreserved
 * characters stand unescaped, backslashes are slashes, and what may not stand in a path is escaped. The query stays as it is.
 * Undefined: there is none, since it has an escaped NUL or characters past ASCII.
 */
export function normalPath(path: string): string | undefined {
  const query = path.indexOf("?");
  const own = query < 0 ? path : path.slice(0, query);
  if (plain.test(own)) return path;
  const normal = normalised(own);
  return normal === undefined || query < 0 ? normal : normal + path.slice(query);
}

function normalised(path: string): string | undefined {
  let out = "";
  let at = 0;
  while (at < path.length) {
    const first = dotEnd(path, at);
    if (first > 0) {
      const segment = out.endsWith("/") ? dotSegment(path, first) : undefined;
      if (!segment) out += ".";
      else if (segment.isUp) out = parent(out);
      at = segment?.end ?? first;
      continue;
    }
    const sequence = path.slice(at, at + 3);
    if (escapeSequence.test(sequence)) {
      const code = Number.parseInt(sequence.slice(1), 16);
      if (code === 0) return undefined;
      const meant = String.fromCharCode(code);
      out += unescaped.test(meant) ? meant : sequence;
      at += 3;
      continue;
    }
    const one = path[at]!;
    if (one > "\x7f") return undefined;
    if (one === "\\") out += "/";
    else if (one === "%" || plain.test(one)) out += one;
    else out += `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
    at += 1;
  }
  return out;
}

/** Where a dot that stands at `at`, maybe escaped, ends; 0 when none stands there. */
function dotEnd(path: string, at: number): number {
  dot.lastIndex = at;
  return dot.test(path) ? dot.lastIndex : 0;
}

/** What a segment that begins with a dot means, and where it ends, with its slash; undefined when it is a name. */
function dotSegment(
  path: string,
  afterDot: number,
): { readonly isUp: boolean; readonly end: number } | undefined {
  if (isEnd(path, afterDot)) return { isUp: false, end: afterDot + 1 };
  const second = dotEnd(path, afterDot);
  return second > 0 && isEnd(path, second) ? { isUp: true, end: second + 1 } : undefined;
}

function isEnd(path: string, at: number): boolean {
  return at >= path.length || path[at] === "/" || path[at] === "\\";
}

/** Without the last segment; the root is its own parent. */
function parent(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1) || "/";
}

/** A path with one slash wherever several stood in a row. The query stays as it is. */
export function mergedSlashes(path: string): string {
  if (!path.includes("//")) return path;
  const query = path.indexOf("?");
  const own = query < 0 ? path : path.slice(0, query);
  // Envoy puts the first and the last slash around what stands between them: of nothing but slashes, two are left.
  const merged = /^\/{2,}$/.test(own) ? "//" : own.replaceAll(/\/{2,}/g, "/");
  return query < 0 ? merged : merged + path.slice(query);
}

/** A path with its escaped slashes and backslashes unescaped. The query stays as it is. */
export function unescapedSlashes(path: string): string {
  if (!path.includes("%")) return path;
  const query = path.indexOf("?");
  const own = query < 0 ? path : path.slice(0, query);
  const plainOwn = own.replaceAll(/%2f/gi, "/").replaceAll(/%5c/gi, "\\");
  return query < 0 ? plainOwn : plainOwn + path.slice(query);
}
