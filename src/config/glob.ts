/**
 * Matches by `*` (any run) and `?` (any one). Walks back to the last star only, so the cost is at most
 * pattern × text: what a peer sends as its node id cannot make it slow.
 */
function matches<T>(
  pattern: readonly T[],
  text: readonly T[],
  isStar: (p: T) => boolean,
  isEqual: (p: T, t: T) => boolean,
) {
  let p = 0;
  let t = 0;
  let star = -1;
  let starText = 0;
  while (t < text.length) {
    if (p < pattern.length && isStar(pattern[p]!)) {
      star = p;
      starText = t;
      p += 1;
    } else if (p < pattern.length && isEqual(pattern[p]!, text[t]!)) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      starText += 1;
      t = starText;
      p = star + 1;
    } else {
      return false;
    }
  }
  return pattern.slice(p).every(isStar);
}

/** True when the whole of `text` matches `pattern`: `*` is any run of characters, `?` any one. */
export function matchesGlob(pattern: string, text: string): boolean {
  return matches(
    Array.from(pattern),
    Array.from(text),
    (p) => p === "*",
    (p, t) => p === "?" || p === t,
  );
}

/** True when a path matches: as `matchesGlob` inside each folder, and `**` is any number of folders. */
export function matchesPathGlob(pattern: string, path: string): boolean {
  return matches(pattern.split("/"), path.split("/"), (p) => p === "**", matchesGlob);
}
