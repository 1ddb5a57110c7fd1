import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { ParseContext } from "../../resources/extension.ts";
import type { HeaderMutation } from "../../resources/header-mutation.ts";
import { headerValueOptionSupport, parseHeaderMutation } from "../../resources/header-mutation.ts";
import type { SupportTable } from "../../resources/support.ts";
import type { LeveledSettings } from "./filter-settings.ts";
import { parseFilterSettings } from "./filter-settings.ts";

/** What every level around a route may say. */
export const levelSupport: SupportTable = {
  typed_per_filter_config: true,
  request_headers_to_add: headerValueOptionSupport,
  request_headers_to_remove: true,
  response_headers_to_add: headerValueOptionSupport,
  response_headers_to_remove: true,
};

/** What the levels around a route say, with what it says itself. */
export interface Level {
  readonly filters: LeveledSettings;
  /** In the order of application. */
  readonly request: readonly HeaderMutation[];
  readonly response: readonly HeaderMutation[];
}

/** No level says anything. */
export const noLevel: Level = { filters: new Map(), request: [], response: [] };

type LevelMessage = Pick<
  MessageTypes["envoy.config.route.v3.Route"],
  | "request_headers_to_add"
  | "request_headers_to_remove"
  | "response_headers_to_add"
  | "response_headers_to_remove"
  | "typed_per_filter_config"
>;

/** What reading a level comes upon. */
interface Findings {
  readonly context: ParseContext;
  readonly problems: Problem[];
  /** `most_specific_header_mutations_wins`. */
  readonly innerWins: boolean;
}

/**
 * A level's own mutations beside those around it. The innermost is applied first, so that the outermost has the last word, unless the
 * configuration has it the other way round.
 */
export function parseLevel(
  message: LevelMessage,
  outer: Level,
  path: string,
  { context, problems, innerWins }: Findings,
): Level {
  const at = path === "" ? "" : `${path}.`;
  const paths = (kind: "request" | "response") => ({
    add: `${at}${kind}_headers_to_add`,
    remove: `${at}${kind}_headers_to_remove`,
  });
  const { request_headers_to_add: requestAdd, request_headers_to_remove: requestRemove } = message;
  const { response_headers_to_add: responseAdd, response_headers_to_remove: responseRemove } = message;
  const request = parseHeaderMutation(requestAdd, requestRemove, paths("request"), problems);
  const response = parseHeaderMutation(responseAdd, responseRemove, paths("response"), problems);
  const beside = (own: HeaderMutation | undefined, others: readonly HeaderMutation[]) => {
    if (!own) return others;
    return innerWins ? [...others, own] : [own, ...others];
  };
  return {
    request: beside(request, outer.request),
    response: beside(response, outer.response),
    filters: parseFilterSettings(message.typed_per_filter_config, outer.filters, context, at, problems),
  };
}
