/**
 * Cuts a YAML stream into the ranges of its documents. A line that starts with `---` or `...` is a boundary
 * wherever it stands (YAML 1.2.2, 9.1.2: no scalar may hold one), so this is right for broken documents too.
 * Directives (`%YAML`) stay with the document that follows them.
 */
export function splitDocuments(text: string): (readonly [start: number, end: number])[] {
  const parts: (readonly [number, number])[] = [];
  let start = 0;
  let hasDirectivesOnly = true;
  for (let line = 0; line < text.length;) {
    const newline = text.indexOf("\n", line);
    const end = newline < 0 ? text.length : newline + 1;
    if (isMarker(text, line, "---") && !hasDirectivesOnly) {
      parts.push([start, line]);
      start = line;
    }
    if (isMarker(text, line, "...")) {
      parts.push([start, end]);
      start = end;
      hasDirectivesOnly = true;
    } else if (!isDirectiveOrBlank(text, line, end)) hasDirectivesOnly = false;
    line = end;
  }
  if (start < text.length) parts.push([start, text.length]);
  return parts;
}

function isMarker(text: string, at: number, marker: string): boolean {
  if (!text.startsWith(marker, at)) return false;
  const next = text[at + 3];
  return next === undefined || next === " " || next === "\t" || next === "\n" || next === "\r";
}

function isDirectiveOrBlank(text: string, start: number, end: number): boolean {
  const first = text.slice(start, end).trim()[0];
  return first === undefined || first === "#" || text[start] === "%";
}
