import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { RequestHead } from "../../network/http-message.ts";
import { refuse } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { headerOf } from "./route-match.ts";

type ScopeKeyBuilder =
  MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes.ScopeKeyBuilder"];
type Extractor =
  MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes.ScopeKeyBuilder.FragmentBuilder.HeaderValueExtractor"];

export const scopeKeyBuilderSupport: SupportTable = {
  fragments: {
    header_value_extractor: {
      name: true,
      element_separator: true,
      index: true,
      element: { separator: true, key: true },
    },
  },
};

/** The key of a request's scope; undefined when a fragment of it is not there, and with that no scope. */
type ScopeKeyOf = (request: RequestHead) => string | undefined;

/** One text for the fragments of a key: equal for equal lists of fragments, and for no others. */
export function scopeKey(fragments: readonly string[]): string {
  return JSON.stringify(fragments);
}

/** `ScopedRoutes.ScopeKeyBuilder`. */
export function parseScopeKeyBuilder(
  builder: ScopeKeyBuilder | undefined,
  path: string,
  problems: Problem[],
): ScopeKeyOf {
  const fragments = (builder?.fragments ?? []).map((fragment, index) => {
    const at = `${path}.fragments[${index}].header_value_extractor`;
    return parseExtractor(fragment.header_value_extractor ?? {}, at, problems);
  });
  return (request) => {
    const found: string[] = [];
    for (const extract of fragments) {
      const fragment = extract(request);
      if (fragment === undefined) return undefined;
      found.push(fragment);
    }
    return scopeKey(found);
  };
}

/** Looks at the first header of the name alone, as Envoy does. */
function parseExtractor(extractor: Extractor, path: string, problems: Problem[]): ScopeKeyOf {
  const { element_separator: separator = "", index, element } = extractor;
  const name = (extractor.name ?? "").toLowerCase();
  const elementsOf = (request: RequestHead): readonly string[] => {
    const value = name.startsWith(":") ? headerOf(request, name) : request.headers.get(name);
    if (value === undefined) return [];
    return separator === "" ? [value] : value.split(separator);
  };
  if (element) {
    const { separator: inner = "", key = "" } = element;
    return (request) => {
      for (const one of elementsOf(request)) {
        const at = one.indexOf(inner);
        if ((at < 0 ? one : one.slice(0, at)) === key) return at < 0 ? "" : one.slice(at + inner.length);
      }
      return undefined;
    };
  }
  if (index === undefined) problems.push(refuse(path, "HeaderValueExtractor extract_type not set."));
  if (index && separator === "") {
    problems.push(refuse(`${path}.index`, "Index > 0 for empty string element separator."));
  }
  return (request) => elementsOf(request)[index ?? 0];
}
