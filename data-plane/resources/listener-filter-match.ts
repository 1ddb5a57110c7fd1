import type { MessageTypes } from "../../src/schema/api.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { Installer, ListenerFilter, ListenerFilterReader } from "./extension.ts";

/** `envoy.config.listener.v3.ListenerFilterChainMatchPredicate`. */
export type ListenerFilterPredicate =
  MessageTypes["envoy.config.listener.v3.ListenerFilterChainMatchPredicate"];

/**
 * A listener filter that looks at no connection that `disabled` matches (PP-11). It decides when the filter's turn comes, so by
 * the local address that the filters before it restored.
 */
export function unlessMatched(
  disabled: ListenerFilterPredicate | null | undefined,
  install: Installer<ListenerFilter>,
): Installer<ListenerFilter> {
  if (!disabled) return install;
  return (run, scope) => {
    const filter = install(run, scope);
    return {
      readMaxBytes: filter.readMaxBytes,
      open: (connection) => (isMatch(disabled, connection) ? passOn : filter.open(connection)),
    };
  };
}

const passOn: ListenerFilterReader = () => ({ kind: "continue", consumed: 0 });

/** Whether the predicate holds for a connection now. One without a rule does not get here: field rules refuse it. */
export function isMatch(
  predicate: ListenerFilterPredicate,
  connection: Pick<ConnectionInfo, "local">,
): boolean {
  const { or_match: or, and_match: and, not_match: not, destination_port_range: range } = predicate;
  if (or) return (or.rules ?? []).some((rule) => isMatch(rule, connection));
  if (and) return (and.rules ?? []).every((rule) => isMatch(rule, connection));
  if (not) return !isMatch(not, connection);
  if (range) {
    const { local } = connection;
    return local.family !== "pipe" && local.port >= (range.start ?? 0) && local.port < (range.end ?? 0);
  }
  return predicate.any_match ?? false;
}
