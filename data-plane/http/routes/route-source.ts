import type { HttpConnectionManager, RouteConfiguration } from "../../../src/schema/api.ts";
import { ROUTE_CONFIGURATION } from "../../../src/schema/type-urls.ts";
import type { Installer, ParseContext } from "../../resources/extension.ts";
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

/** The `route_specifier` of a connection manager: routes that stand in it, or come over RDS. */
export function parseRouteSource(
  manager: HttpConnectionManager,
  context: ParseContext,
  path: string,
): Parsed<Installer<RouteSource>> {
  if (manager.rds) return parseRds(manager, context, `${path}.rds`);
  if (manager.route_config) {
    const { value, problems } = readRoutes(manager.route_config, context, `${path}.route_config`, true);
    if (!value) return { problems };
    return parsed((run, scope) => {
      const table = value.install(run, scope);
      return () => table;
    }, problems);
  }
  // The other specifier is refused by its name.
  if (manager.scoped_routes) return { problems: [] };
  return { problems: [refuse(`${path}.route_config`, "value is required", "rule-violation")] };
}

function parseRds(
  { rds, stat_prefix: statPrefix = "" }: HttpConnectionManager,
  context: ParseContext,
  path: string,
): Parsed<Installer<RouteSource>> {
  const name = rds?.route_config_name ?? "";
  const source = { ...rds?.config_source };
  const reason = context.sourceRefusal(source);
  if (reason !== undefined) return { problems: [refuse(`${path}.config_source`, reason)] };
  return parsed((run, scope) => {
    const { subscriptions, stats, clock } = run;
    let table = noRoutes;
    const statScope = `http.${statPrefix}.rds.${name}`;
    const counters = stats.counters(statScope, ["config_reload", "update_empty"]);
    const gauges = stats.gauges(statScope, ["config_reload_time_ms"]);
    subscriptions.subscribe<RouteConfig>({
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
    return () => table;
  }, []);
}

/**
 * Reads routes; a cluster that they name must be there, if `validate_clusters` says so. Unset it is `validates`: true for routes that
 * stand in a listener, false for those that come by themselves (XC-41).
 */
function readRoutes(
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
