import type { HttpConnectionManager } from "../../../src/schema/api.ts";
import type { Installer, ParseContext } from "../../resources/extension.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { RouteSource } from "./rds.ts";
import { followRoutes, readRoutes } from "./rds.ts";
import { parseScopedRoutes } from "./scoped-routes.ts";

/** The `route_specifier` of a connection manager: routes that stand in it, or come over RDS, by scope or not. */
export function parseRouteSource(
  manager: HttpConnectionManager,
  context: ParseContext,
  path: string,
): Parsed<Installer<RouteSource>> {
  const { rds, route_config: config, scoped_routes: scoped } = manager;
  if (scoped) return parseScopedRoutes(scoped, context, `${path}.scoped_routes`);
  if (rds) {
    const source = { ...rds.config_source };
    const reason = context.sourceRefusal(source);
    if (reason !== undefined) return { problems: [refuse(`${path}.rds.config_source`, reason)] };
    const subject = { name: rds.route_config_name ?? "", source };
    return parsed((run, scope) => followRoutes(subject, context, run, scope).routes, []);
  }
  if (!config) return { problems: [refuse(`${path}.route_config`, "value is required", "rule-violation")] };
  const { value, problems } = readRoutes(config, context, `${path}.route_config`, true);
  if (!value) return { problems };
  return parsed((run, scope) => {
    const table = value.install(run, scope);
    return () => table;
  }, problems);
}
