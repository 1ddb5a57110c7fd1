import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Message } from "../../../src/schema/message.ts";
import type { Problem } from "../../../src/base/problem.ts";
import { SCOPED_ROUTE_CONFIGURATION } from "../../../src/schema/type-urls.ts";
import type { Installer, ParseContext, RunContext } from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { oneOf, unsupportedFields } from "../../resources/support.ts";
import type { RouteConfig } from "./parse-routes.ts";
import type { FollowedRoutes, RouteSource } from "./rds.ts";
import { followRoutes, readRoutes } from "./rds.ts";
import { parseScopeKeyBuilder, scopeKey, scopeKeyBuilderSupport } from "./scope-key.ts";

type ScopedRoutes = MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes"];
type ScopeMessage = MessageTypes["envoy.config.route.v3.ScopedRouteConfiguration"];

const scopeSupport: SupportTable = {
  name: true,
  route_configuration_name: true,
  route_configuration: true,
  key: true,
  // Routes that are asked for when the first request of a scope comes.
  on_demand: oneOf(false),
};

export const scopedRoutesSupport: SupportTable = {
  name: true,
  scope_key_builder: scopeKeyBuilderSupport,
  rds_config_source: true,
  scoped_route_configurations_list: { scoped_route_configurations: scopeSupport },
  scoped_rds: { scoped_rds_config_source: true },
};

/** A scope: the key of the requests that are in it, and their routes. */
interface Scope {
  readonly name: string;
  readonly key: string;
  readonly routes:
    | { readonly kind: "inline"; readonly config: RouteConfig }
    | { readonly kind: "followed"; readonly name: string };
}

/** Scopes that run, with where each has its routes from. */
interface RunningScope {
  readonly scope: Scope;
  readonly followed: FollowedRoutes;
}

/** `ScopedRoutes`: the headers of a request choose the RouteConfiguration that it is routed by; without a scope it finds no route. */
export function parseScopedRoutes(
  scoped: ScopedRoutes,
  context: ParseContext,
  path: string,
): Parsed<Installer<RouteSource>> {
  const problems: Problem[] = [];
  const keyOf = parseScopeKeyBuilder(scoped.scope_key_builder, `${path}.scope_key_builder`, problems);
  const routesFrom = { ...scoped.rds_config_source };
  const { scoped_rds: overXds, scoped_route_configurations_list: list, name = "" } = scoped;
  const checkSource = (source: Message, field: string) => {
    const reason = context.sourceRefusal(source);
    if (reason !== undefined) problems.push(refuse(`${path}.${field}`, reason));
  };
  const scopesFrom = { ...overXds?.scoped_rds_config_source };
  if (overXds) checkSource(scopesFrom, "scoped_rds.scoped_rds_config_source");
  const scopes = (list?.scoped_route_configurations ?? []).flatMap((message, index) => {
    const at = `${path}.scoped_route_configurations_list.scoped_route_configurations[${index}]`;
    const scope = readScope(message, context, at, true);
    problems.push(...scope.problems);
    if (scope.value?.routes.kind === "followed") {
      const rule =
        "Fetching routes via RDS (route_configuration_name) is not supported with inline scoped routes.";
      problems.push(refuse(`${at}.route_configuration_name`, rule));
    }
    return scope.value ?? [];
  });
  problems.push(...repeatedKeys(scopes, `${path}.scoped_route_configurations_list`));
  if (overXds) checkSource(routesFrom, "rds_config_source");
  return parsed((run, statScope) => {
    let running: ReadonlyMap<string, RunningScope> = new Map();
    let byKey: ReadonlyMap<string, RouteSource> = new Map();
    const takeUp = (next: Iterable<Scope>) => {
      running = replaceScopes(running, next, (scope) =>
        startScope(scope, routesFrom, context, run, statScope),
      );
      const entries = [...running.values()]
        .toReversed()
        .map(({ scope, followed }) => [scope.key, followed.routes] as const);
      byKey = new Map(entries);
    };
    if (overXds) watchScopes(name, scopesFrom, context, run, statScope, takeUp);
    else takeUp(scopes);
    return () => {
      const sources = byKey;
      return (request, around) => {
        const key = keyOf(request);
        return key === undefined ? undefined : sources.get(key)?.()(request, around);
      };
    };
  }, problems);
}

/** Follows the scopes that a server has. */
function watchScopes(
  name: string,
  source: Message,
  context: ParseContext,
  { subscriptions, stats, clock }: RunContext,
  statScope: string,
  takeUp: (scopes: Iterable<Scope>) => void,
): void {
  const scope = `${statScope}.scoped_rds.${name}`;
  const counters = stats.counters(scope, ["config_reload", "update_empty"]);
  const gauges = stats.gauges(scope, [
    "active_scopes",
    "all_scopes",
    "config_reload_time_ms",
    "on_demand_scopes",
  ]);
  subscriptions.subscribeAll<Scope>({
    typeUrl: SCOPED_ROUTE_CONFIGURATION,
    source,
    statScope: scope,
    parse: (message) => {
      const read = asType("envoy.config.route.v3.ScopedRouteConfiguration", message);
      const unsupported = unsupportedFields(message, scopeSupport, "");
      const { value, problems } = readScope(read, context, "", false);
      return value
        ? parsed(value, [...unsupported, ...problems])
        : { problems: [...unsupported, ...problems] };
    },
    keyOf: ({ key }) => key,
    conflictText: (first, second) =>
      `scope key conflict found, first scope is '${first}', second scope is '${second}'`,
    onUpdate: (scopes) => {
      counters.config_reload += 1;
      gauges.config_reload_time_ms.set(clock.now());
      gauges.all_scopes.set(scopes.size);
      gauges.active_scopes.set(scopes.size);
      takeUp(scopes.values());
    },
  });
}

/** The next scopes, those that are as before still running; what is gone is let go of last, so that nothing is asked for anew. */
function replaceScopes(
  running: ReadonlyMap<string, RunningScope>,
  next: Iterable<Scope>,
  start: (scope: Scope) => FollowedRoutes,
): ReadonlyMap<string, RunningScope> {
  const result = new Map<string, RunningScope>();
  for (const scope of next) {
    const known = running.get(scope.name);
    const isSame = known && known.scope.routes.kind === "followed" && scope.routes.kind === "followed";
    const keeps = isSame && known.scope.routes.name === scope.routes.name;
    result.set(scope.name, { scope, followed: keeps ? known.followed : start(scope) });
  }
  for (const [name, { followed }] of running) if (result.get(name)?.followed !== followed) followed.close();
  return result;
}

function startScope(
  { routes }: Scope,
  source: Message,
  context: ParseContext,
  run: RunContext,
  statScope: string,
): FollowedRoutes {
  if (routes.kind === "followed") return followRoutes({ name: routes.name, source }, context, run, statScope);
  const table = routes.config.install(run, statScope);
  return { routes: () => table, close: () => undefined };
}

function readScope(
  message: ScopeMessage,
  context: ParseContext,
  path: string,
  validates: boolean,
): Parsed<Scope> {
  const { name = "", route_configuration_name: followed = "", route_configuration: inline } = message;
  const at = path === "" ? "" : `${path}.`;
  const key = scopeKey((message.key?.fragments ?? []).map((fragment) => fragment.string_key ?? ""));
  if (!inline && followed === "") {
    const rule = "route_configuration_name or route_configuration must be set";
    return { problems: [refuse(`${at}route_configuration_name`, rule)] };
  }
  // Where both are set, Envoy goes by the routes that are there.
  if (!inline) return parsed({ name, key, routes: { kind: "followed", name: followed } }, []);
  const { value, problems } = readRoutes(inline, context, `${at}route_configuration`, validates);
  return value ? parsed({ name, key, routes: { kind: "inline", config: value } }, problems) : { problems };
}

function repeatedKeys(scopes: readonly Scope[], path: string): Problem[] {
  const owners = new Map<string, string>();
  return scopes.flatMap(({ name, key }) => {
    const owner = owners.get(key);
    owners.set(key, owner ?? name);
    if (owner === undefined) return [];
    return [refuse(path, `scope key conflict found, first scope is '${owner}', second scope is '${name}'`)];
  });
}
