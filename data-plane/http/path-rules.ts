import type { HttpConnectionManager } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { RequestHead } from "../network/http-message.ts";
import type { Runtime } from "../resources/extension.ts";
import { refuse } from "../resources/parsed.ts";
import { wrapped } from "../resources/values.ts";
import { isGrpc } from "./grpc-reply.ts";
import { mergedSlashes, normalPath, unescapedSlashes } from "./normal-path.ts";

/** What becomes of a request whose path has escaped slashes. */
type EscapedSlashes = "KEEP_UNCHANGED" | "REJECT_REQUEST" | "UNESCAPE_AND_REDIRECT" | "UNESCAPE_AND_FORWARD";

/** What is done to the paths of requests before anything looks at them. */
export interface PathRules {
  readonly escapedSlashes: EscapedSlashes;
  readonly normalizes: boolean;
  readonly mergesSlashes: boolean;
}

/** `redirect`: the client is to ask for the path that the request has now. */
export type PathVerdict = "continue" | "reject" | "redirect";

const actionKey = "http_connection_manager.path_with_escaped_slashes_action";
const enabledKey = "http_connection_manager.path_with_escaped_slashes_action_enabled";
const normalizeKey = "http_connection_manager.normalize_path";

/** By the number that the runtime key has; any other number is the first. */
const actions: Readonly<Record<number, EscapedSlashes>> = {
  2: "REJECT_REQUEST",
  3: "UNESCAPE_AND_REDIRECT",
  4: "UNESCAPE_AND_FORWARD",
};

/**
 * `normalize_path`, `merge_slashes` and `path_with_escaped_slashes_action`, with what the runtime says of those that are not set.
 * Undefined when paths stay as they are.
 */
export function pathRules(
  manager: HttpConnectionManager,
  runtime: Runtime,
  path: string,
  problems: Problem[],
): PathRules | undefined {
  /** Envoy throws the dice once, when it takes the configuration: what is neither always nor never is refused. */
  const isEnabled = (key: string, field: string, fallback: number): boolean => {
    const percent = runtime.integer(key, fallback);
    if (percent > 0 && percent < 100) {
      problems.push(
        refuse(`${path}.${field}`, `the runtime key ${key} is ${percent}; only 0 and 100 are supported`),
      );
    }
    return percent >= 100;
  };
  const slashes = "path_with_escaped_slashes_action";
  const escapedSlashes = isEnabled(enabledKey, slashes, 100)
    ? escapedSlashesOf(manager.path_with_escaped_slashes_action, runtime)
    : "KEEP_UNCHANGED";
  const normalizes = wrapped<boolean | undefined>(manager.normalize_path, false, undefined);
  const rules = {
    escapedSlashes,
    normalizes: normalizes ?? isEnabled(normalizeKey, "normalize_path", 0),
    mergesSlashes: manager.merge_slashes ?? false,
  };
  const isNeeded = escapedSlashes !== "KEEP_UNCHANGED" || rules.normalizes || rules.mergesSlashes;
  return isNeeded ? rules : undefined;
}

function escapedSlashesOf(
  action: HttpConnectionManager["path_with_escaped_slashes_action"],
  runtime: Runtime,
): EscapedSlashes {
  if (action !== undefined && action !== "IMPLEMENTATION_SPECIFIC_DEFAULT") return action;
  return actions[runtime.integer(actionKey, 0)] ?? "KEEP_UNCHANGED";
}

/** Brings the path of a request into the form that routes and upstreams see; slashes are merged last, as normalization makes some. */
export function applyPathRules(request: RequestHead, rules: PathRules): PathVerdict {
  let path = request.path;
  let verdict: PathVerdict = "continue";
  if (rules.escapedSlashes !== "KEEP_UNCHANGED") {
    const plain = unescapedSlashes(path);
    if (plain !== path) {
      path = plain;
      if (rules.escapedSlashes === "REJECT_REQUEST") verdict = "reject";
      else if (rules.escapedSlashes === "UNESCAPE_AND_REDIRECT") verdict = "redirect";
    }
  }
  if (verdict !== "reject" && rules.normalizes) {
    const normal = normalPath(path);
    if (normal === undefined) verdict = "reject";
    else path = normal;
  }
  if (verdict !== "reject" && rules.mergesSlashes) path = mergedSlashes(path);
  request.path = path;
  // gRPC clients do not follow redirects.
  return verdict === "redirect" && isGrpc(request.headers) ? "reject" : verdict;
}
