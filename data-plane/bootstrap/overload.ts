import type { Problem } from "../../src/base/problem.ts";
import type { Bootstrap } from "../../src/schema/api.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import { asType } from "../resources/message-type.ts";
import type { ParseContext } from "../resources/extension.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect } from "../resources/support.ts";
import { unpack } from "../resources/typed-config.ts";

const CONNECTIONS =
  "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";
const RUNTIME_KEY = "overload.global_downstream_max_connections";

/** How many connections all listeners together may have. */
export interface DownstreamLimit {
  readonly max: () => number;
  /** Those of listeners with `ignore_global_conn_limit` count too, as with Envoy's runtime key; they are never refused. */
  readonly countsAll: boolean;
}

/** What of `overload_manager` means something here. */
export const overloadSupport: SupportTable = {
  resource_monitors: { name: true, typed_config: true },
  // How often monitors are asked; the one that there is counts by itself.
  refresh_interval: noEffect,
};

/**
 * The limit of downstream connections, from the overload manager or from the runtime key that was there before it. `mayLimit`: the runtime
 * has the key, or may get it.
 */
export function parseDownstreamLimit(
  overload: Bootstrap["overload_manager"],
  context: ParseContext,
  path: string,
  mayLimit = context.runtime.integer(RUNTIME_KEY, -1) >= 0,
): Parsed<DownstreamLimit | undefined> {
  const problems: Problem[] = [];
  // Nothing is counted where nothing can ever say a limit.
  let limit: DownstreamLimit | undefined = mayLimit
    ? { max: () => context.runtime.integer(RUNTIME_KEY, Number.POSITIVE_INFINITY), countsAll: true }
    : undefined;
  for (const [index, monitor] of (overload?.resource_monitors ?? []).entries()) {
    const at = `${path}.resource_monitors[${index}]`;
    const typeName = typeNameOf(monitor.typed_config?.type_url ?? "");
    if (typeName !== CONNECTIONS) {
      const what = `Didn't find a registered implementation for '${monitor.name ?? ""}' with type URL: '${typeName}'`;
      problems.push(refuse(at, `${what} (not supported by the bundled data plane)`, "unsupported-field"));
      continue;
    }
    const { value, problems: found } = unpack(
      monitor.typed_config ?? {},
      CONNECTIONS,
      context,
      `${at}.typed_config`,
    );
    problems.push(...found);
    if (value) {
      const max = Number(asType(CONNECTIONS, value).max_active_downstream_connections ?? 0);
      limit = { max: () => max, countsAll: false };
    }
  }
  return parsed(limit, problems);
}
