import type { Message } from "../../../src/schema/message.ts";
import type { RouteConfiguration } from "../../../src/schema/api.ts";
import { ROUTE_CONFIGURATION } from "../../../src/schema/type-urls.ts";
import type { ParseContext, RunContext } from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { RouteConfig } from "./parse-routes.ts";
import { parseRoutes } from "./parse-routes.ts";
import type { RouteTable } from "./route-table.ts";

/** Gives the routes for a request that begins now; it keeps them to its end, whatever comes over xDS meanwhile (XC-46). */
export type RouteSource = () => RouteTable;

/** No route fits anything: what is asked before the first routes came is answered 404 (XC-15). */
const noRoutes: RouteTable = () => undefined;

/** Routes that come by their name. */
export interface FollowedRoutes {
  readonly routes: RouteSource;
  /** Asks for them no longer; what is held stays. */
  close(): void;
}

/** Follows a RouteConfiguration over RDS. `scope` is that of the connection manager, `http.<stat_prefix>`. */
export function followRoutes(
  { name, source }: { readonly name: string; readonly source: Message },
  context: ParseContext,
  run: RunContext,
  scope: string,
): FollowedRoutes {
  const { subscriptions, stats, clock } = run;
  let table = noRoutes;
  const statScope = `${scope}.rds.${name}`;
  const counters = stats.counters(statScope, ["config_reload", "update_empty"]);
  const gauges = stats.gauges(statScope, ["config_reload_time_ms"]);
  const hold = subscriptions.subscribe<RouteConfig>({
    typeUrl: ROUTE_CONFIGURATION,
    name,
    source,
    statScope,
    parse: (message) =>
      readRoutes(asType("envoy.config.route.v3.RouteConfiguration", message), context, "", false),
    onUpdate: (config) => {
      counters.config_reload += 1;
      gauges.config_reload_time_ms.set(clock.now());
      table = config.install(run, scope);
    },
  });
  return { routes: () => table, close: () => hold.close() };
}

/**
 * Reads routes; a cluster that they name must be there, if `validate_clusters` says so. Unset it is `validates`: true for routes that
 * stand in a listener, false for those that come by themselves (XC-41).
 */
export function readRoutes(
  message: RouteConfiguration,
  context: ParseContext,
  path: string,
  validates: boolean,
): Parsed<RouteConfig> {
  const { value, problems } = parseRoutes(message, context, path);
  if (!value) return { problems };
  const unknown =
    (value.validatesClusters ?? validates)
      ? value.clusters.filter(({ name }) => !context.hasCluster(name))
      : [];
  const refusals = unknown.map(({ name, path: where, isWeighted }) =>
    refuse(where, `route: unknown ${isWeighted ? "weighted " : ""}cluster '${name}'`),
  );
  return parsed(value, [...problems, ...refusals]);
}
