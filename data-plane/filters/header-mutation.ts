import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { RequestHead, ResponseHead } from "../network/http-message.ts";
import type { Extension } from "../resources/extension.ts";
import {
  headerValueOptionSupport,
  isProtectedHeader,
  parseHeaderOption,
} from "../resources/header-mutation.ts";
import type { HeaderMutation as HeaderChange } from "../resources/header-mutation.ts";
import type { HttpFilter, HttpFilterStream, HttpStreamView } from "../resources/http-filter.ts";
import { goOn } from "../resources/http-filter.ts";
import { asType } from "../resources/message-type.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { stringMatcherSupport } from "../resources/header-match.ts";
import { parseStringMatcher } from "../resources/string-match.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";
import type { QueryChange } from "./query-mutation.ts";
import { changeQuery, parseQueryMutations, queryMutationSupport } from "./query-mutation.ts";

type Mutations = MessageTypes["envoy.extensions.filters.http.header_mutation.v3.Mutations"];
type Mutation = MessageTypes["envoy.config.common.mutation_rules.v3.HeaderMutation"];

const typeName = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
const routeTypeName = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute";

const mutationSupport: SupportTable = {
  append: headerValueOptionSupport,
  remove: true,
  remove_on_match: { key_matcher: stringMatcherSupport },
};

const mutationsSupport: SupportTable = {
  request_mutations: mutationSupport,
  response_mutations: mutationSupport,
  request_trailers_mutations: mutationSupport,
  response_trailers_mutations: mutationSupport,
  query_parameter_mutations: queryMutationSupport,
};

/** What one level has to change. */
class HeaderMutations {
  readonly request: readonly HeaderChange[];
  readonly response: readonly HeaderChange[];
  readonly requestTrailers: readonly HeaderChange[];
  readonly responseTrailers: readonly HeaderChange[];
  readonly query: readonly QueryChange[];

  constructor(mutations: Mutations | undefined, path: string, problems: Problem[]) {
    const read = (list: readonly Mutation[] | undefined, field: string) =>
      (list ?? []).map((mutation, index) => parseMutation(mutation, `${path}.${field}[${index}]`, problems));
    this.request = read(mutations?.request_mutations, "request_mutations");
    this.response = read(mutations?.response_mutations, "response_mutations");
    this.requestTrailers = read(mutations?.request_trailers_mutations, "request_trailers_mutations");
    this.responseTrailers = read(mutations?.response_trailers_mutations, "response_trailers_mutations");
    this.query = parseQueryMutations(
      mutations?.query_parameter_mutations,
      `${path}.query_parameter_mutations`,
      problems,
    );
  }
}

/**
 * `envoy.filters.http.header_mutation`: changes headers, query parameters and trailers; the filter's own changes come first, then those of
 * the route's levels, the innermost first unless `most_specific_header_mutations_wins`.
 */
export const headerMutation: Extension<HttpFilter> = {
  typeName,
  parse(message, _context, path) {
    const config = asType(typeName, message);
    const support: SupportTable = { mutations: mutationsSupport, most_specific_header_mutations_wins: true };
    const problems = [...unsupportedFields(message, support, path)];
    const own = new HeaderMutations(config.mutations ?? undefined, `${path}.mutations`, problems);
    const innermostLast = config.most_specific_header_mutations_wins ?? false;
    const filter: HttpFilter = {
      kind: "stream",
      open(view) {
        const levels = view.routeConfigs(HeaderMutations);
        if (levels.length === 0) return new HeaderMutationStream(view, [own]);
        return new HeaderMutationStream(view, [own, ...(innermostLast ? levels.toReversed() : levels)]);
      },
    };
    return parsed(() => filter, problems);
  },
};

/** The filter's `typed_per_filter_config`. */
export const headerMutationPerRoute: Extension<object> = {
  typeName: routeTypeName,
  parse(message, _context, path) {
    const problems = [...unsupportedFields(message, { mutations: mutationsSupport }, path)];
    const { mutations } = asType(routeTypeName, message);
    const level = new HeaderMutations(mutations ?? undefined, `${path}.mutations`, problems);
    return parsed(() => level, problems);
  },
};

class HeaderMutationStream implements HttpFilterStream {
  readonly #view: HttpStreamView;
  readonly #levels: readonly HeaderMutations[];

  constructor(view: HttpStreamView, levels: readonly HeaderMutations[]) {
    this.#view = view;
    this.#levels = levels;
  }

  onRequestHead(head: RequestHead) {
    for (const { request, query } of this.#levels) {
      this.#apply(request, head.headers);
      if (query.length > 0) head.path = changeQuery(head.path, query, this.#view.formatSource());
    }
    return goOn;
  }

  onRequestEnd(trailers: HeaderList | undefined): undefined {
    if (trailers) for (const level of this.#levels) this.#apply(level.requestTrailers, trailers);
  }

  onResponseHead(head: ResponseHead): void {
    for (const { response } of this.#levels) this.#apply(response, head.headers);
  }

  onResponseEnd(trailers: HeaderList | undefined): undefined {
    if (trailers) for (const level of this.#levels) this.#apply(level.responseTrailers, trailers);
  }

  #apply(changes: readonly HeaderChange[], headers: HeaderList): void {
    if (changes.length === 0) return;
    const source = this.#view.formatSource();
    for (const change of changes) change(headers, source);
  }
}

function parseMutation(mutation: Mutation, path: string, problems: Problem[]): HeaderChange {
  const { remove, append, remove_on_match: onMatch } = mutation;
  if (onMatch) {
    const at = `${path}.remove_on_match.key_matcher`;
    const test = parseStringMatcher(onMatch.key_matcher ?? {}, at, problems);
    return (headers) => headers.removeWhere(test);
  }
  if (append) return parseHeaderOption(append, `${path}.append`, problems);
  const name = (remove ?? "").toLowerCase();
  if (isProtectedHeader(name)) {
    problems.push(refuse(`${path}.remove`, ":-prefixed or host headers may not be removed"));
  }
  return (headers) => headers.remove(name);
}
