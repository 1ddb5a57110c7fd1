import { RE2JS } from "re2js";
import { errorMessage } from "../../src/base/error-message.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import { refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { regexMatcherSupport } from "./header-match.ts";

export const regexRewriteSupport: SupportTable = { pattern: regexMatcherSupport, substitution: true };

/**
 * `envoy.type.matcher.v3.RegexMatchAndSubstitute`: puts the substitution, in which `\1` is what the first group matched, in place of
 * every match.
 */
export function parseRegexRewrite(
  { pattern, substitution = "" }: MessageTypes["envoy.type.matcher.v3.RegexMatchAndSubstitute"],
  path: string,
  problems: Problem[],
): (text: string) => string {
  try {
    const regex = RE2JS.compile(pattern?.regex ?? "");
    const parts = readSubstitution(substitution);
    const highest = Math.max(0, ...parts.map((part) => (typeof part === "number" ? part : 0)));
    if (highest <= regex.groupCount()) return (text) => rewrite(regex, parts, text);
    const reason = `substitution string needs ${highest} groups, the pattern has ${regex.groupCount()}`;
    problems.push(refuse(`${path}.substitution`, reason));
  } catch (error) {
    problems.push(refuse(`${path}.pattern.regex`, errorMessage(error)));
  }
  return (text) => text;
}

/** Text as it is, or the number of a group. */
type Part = string | number;

function readSubstitution(text: string): readonly Part[] {
  return [...text.matchAll(/\\(\d)|\\\\|[^\\]+|\\/g)].map(([whole, group]) => {
    if (group !== undefined) return Number(group);
    return whole === "\\\\" ? "\\" : whole;
  });
}

function rewrite(regex: RE2JS, parts: readonly Part[], text: string): string {
  const matcher = regex.matcher(text);
  let result = "";
  let at = 0;
  while (matcher.find()) {
    result += text.slice(at, matcher.start());
    for (const part of parts) result += typeof part === "string" ? part : (matcher.group(part) ?? "");
    at = matcher.end();
  }
  return result + text.slice(at);
}
