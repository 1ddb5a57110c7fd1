import { RE2JS } from "re2js";
import { errorMessage } from "../../src/base/error-message.ts";

/** True for names that the filter lets through. */
export type NameFilter = (name: string) => boolean;

/**
 * A filter from a regular expression in RE2's syntax, found anywhere in the name, or `isWhole` for all of it; or the reason why it is
 * none.
 */
export function nameFilter(
  pattern: string | null,
  isWhole = false,
): NameFilter | { readonly reason: string } {
  if (pattern === null || pattern === "") return () => true;
  try {
    const compiled = RE2JS.compile(pattern);
    return (name) => (isWhole ? compiled.matches(name) : compiled.matcher(name).find());
  } catch (error) {
    return { reason: `Invalid re2 regex: ${errorMessage(error)}` };
  }
}
