/**
 * True when a name is the one that a certificate has, or falls under its wildcard: one `*` in the first label, which stands for no more
 * than that label (RFC 6125, 6.4.3). Letter case does not count.
 */
export function matchesDnsName(name: string, pattern: string): boolean {
  const wanted = name.toLowerCase();
  const shown = pattern.toLowerCase();
  if (wanted === shown) return true;
  const [label, rest] = splitFirstLabel(shown);
  const [wantedLabel, wantedRest] = splitFirstLabel(wanted);
  if (rest === undefined || wantedRest !== rest || rest.includes("*") || label.startsWith("xn--"))
    return false;
  const star = label.indexOf("*");
  if (star < 0 || star !== label.lastIndexOf("*")) return false;
  if (label.length === 1) return true;
  const isLongEnough = label.length <= wantedLabel.length + 1;
  return (
    isLongEnough &&
    wantedLabel.startsWith(label.slice(0, star)) &&
    wantedLabel.endsWith(label.slice(star + 1))
  );
}

function splitFirstLabel(name: string): [label: string, rest: string | undefined] {
  const dot = name.indexOf(".");
  return dot < 0 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)];
}
