import { RE2JS } from "re2js";
import { errorMessage } from "../../src/base/error-message.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import { refuse } from "./parsed.ts";
import { notSupported } from "./support.ts";

type StringMatcher = MessageTypes["envoy.type.matcher.v3.StringMatcher"];
type RegexMatcher = MessageTypes["envoy.type.matcher.v3.RegexMatcher"];

/** A test of a text. */
export type TextTest = (text: string) => boolean;

const never: TextTest = () => false;

/** `envoy.type.matcher.v3.StringMatcher`. */
export function parseStringMatcher(matcher: StringMatcher, path: string, problems: Problem[]): TextTest {
  const folds = matcher.ignore_case === true;
  const fold = (text: string) => (folds ? text.toLowerCase() : text);
  const test = (pattern: string, holds: (text: string, wanted: string) => boolean): TextTest => {
    const wanted = fold(pattern);
    return (text) => holds(fold(text), wanted);
  };
  if (matcher.exact !== undefined) return test(matcher.exact, (text, wanted) => text === wanted);
  if (matcher.prefix !== undefined) return test(matcher.prefix, (text, wanted) => text.startsWith(wanted));
  if (matcher.suffix !== undefined) return test(matcher.suffix, (text, wanted) => text.endsWith(wanted));
  if (matcher.contains !== undefined) return test(matcher.contains, (text, wanted) => text.includes(wanted));
  if (matcher.safe_regex) return parseRegex(matcher.safe_regex, `${path}.safe_regex`, problems);
  problems.push(notSupported(`${path}.custom`));
  return never;
}

/** A pattern that the whole text must match, in RE2's language and in its linear time. */
export function parseRegex(matcher: RegexMatcher, path: string, problems: Problem[]): TextTest {
  try {
    const pattern = RE2JS.compile(matcher.regex ?? "");
    return (text) => pattern.matches(text);
  } catch (error) {
    problems.push(refuse(`${path}.regex`, errorMessage(error)));
    return never;
  }
}
