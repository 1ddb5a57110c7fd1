import type { MessageTypes, RouteConfiguration } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import { localReply } from "../../network/http-message.ts";
import { dataSourceSupport, readDataSource } from "../../resources/data-source.ts";
import type { Installer, ParseContext } from "../../resources/extension.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { noEffect, notSupported, oneOf, unsupportedFields } from "../../resources/support.ts";
import { wrapped } from "../../resources/values.ts";
import { settingsInstaller } from "./filter-settings.ts";
import type { NamedCluster } from "./forwarding.ts";
import { forwardSupport, parseForward } from "./forwarding.ts";
import type { HostDefaults } from "./host-defaults.ts";
import { bufferLimit, bufferLimitSupport, hostDefaultsSupport, parseHostDefaults } from "./host-defaults.ts";
import { weightedChoice } from "../../tcp/weighted-clusters.ts";
import type { Level } from "./level.ts";
import { levelSupport, noLevel, parseLevel } from "./level.ts";
import { parseRedirect, redirectSupport } from "./redirect.ts";
import type { MatchOptions } from "./route-match.ts";
import { matchSupport, parseRouteMatch } from "./route-match.ts";
import type { Route, RouteAction } from "./route.ts";
import type { RouteTable, VirtualHost } from "./route-table.ts";
import { routeTable } from "./route-table.ts";
import { parseWeightedEntries } from "./weighted-entries.ts";

type RouteMessage = MessageTypes["envoy.config.route.v3.Route"];
type VirtualHostMessage = MessageTypes["envoy.config.route.v3.VirtualHost"];

const support: SupportTable = {
  ...levelSupport,
  name: true,
  validate_clusters: true,
  most_specific_header_mutations_wins: true,
  ignore_path_parameters_in_path_matching: true,
  ignore_port_in_host_matching: true,
  max_direct_response_body_size_bytes: true,
  virtual_hosts: {
    ...levelSupport,
    name: true,
    domains: true,
    ...hostDefaultsSupport,
    require_tls: oneOf("NONE", "EXTERNAL_ONLY", "ALL"),
    routes: {
      ...levelSupport,
      name: true,
      match: matchSupport,
      route: forwardSupport,
      redirect: redirectSupport,
      direct_response: { status: true, body: dataSourceSupport },
      metadata: noEffect,
      // Nothing is traced.
      decorator: noEffect,
      ...bufferLimitSupport,
    },
  },
};

/** A route configuration, ready to run. */
export interface RouteConfig {
  readonly name: string;
  /** Makes the routes ready to run, with what they say to filters. */
  readonly install: Installer<RouteTable>;
  /** Every cluster that a route names, and where. */
  readonly clusters: readonly NamedCluster[];
  /** `validate_clusters`; what it means unset depends on where the routes come from. */
  readonly validatesClusters: boolean | undefined;
}

/** `envoy.config.route.v3.RouteConfiguration`. */
export function parseRoutes(
  config: RouteConfiguration,
  context: ParseContext,
  path: string,
): Parsed<RouteConfig> {
  const problems: Problem[] = [...unsupportedFields(config, support, path)];
  const at = path === "" ? "" : `${path}.`;
  const found: Findings = {
    context,
    clusters: [],
    problems,
    ignoresPathParameters: config.ignore_path_parameters_in_path_matching ?? false,
    innerWins: config.most_specific_header_mutations_wins ?? false,
    maxBodyBytes: wrapped(config.max_direct_response_body_size_bytes, 0, 4096),
  };
  const outer = parseLevel(config, noLevel, path, found);
  const hosts = (config.virtual_hosts ?? []).map((host, index) =>
    parseVirtualHost(host, outer, `${at}virtual_hosts[${index}]`, found),
  );
  problems.push(...repeatedDomains(config, `${at}virtual_hosts`));
  return parsed(
    {
      name: config.name ?? "",
      install: (run, scope) => {
        const install = settingsInstaller(run, scope);
        return routeTable(
          hosts.map((host) => host(install)),
          config.ignore_port_in_host_matching ?? false,
        );
      },
      clusters: found.clusters,
      validatesClusters: wrapped<boolean | undefined>(config.validate_clusters, false, undefined),
    },
    problems,
  );
}

/** What reading routes comes upon. */
interface Findings extends MatchOptions {
  readonly context: ParseContext;
  readonly clusters: NamedCluster[];
  readonly problems: Problem[];
  /** The level nearest to the route has the last word. */
  readonly innerWins: boolean;
  /** Of a direct response. */
  readonly maxBodyBytes: number;
}

/** Makes something that has settings of filters in it ready to run. */
type WithSettings<Made> = (install: ReturnType<typeof settingsInstaller>) => Made;

function parseVirtualHost(
  host: VirtualHostMessage,
  outer: Level,
  path: string,
  found: Findings,
): WithSettings<VirtualHost> {
  const level = parseLevel(host, outer, path, found);
  const around = parseHostDefaults(host, path, found.problems);
  const routes = (host.routes ?? []).map((route, index) =>
    parseRoute(route, host, around, level, `${path}.routes[${index}]`, found),
  );
  const domains = (host.domains ?? []).map((domain) => domain.toLowerCase());
  const tls = host.require_tls;
  const requiresTls = tls === "ALL" ? "all" : tls === "EXTERNAL_ONLY" ? "external" : "none";
  const name = host.name ?? "";
  return (install) => ({ name, domains, requiresTls, routes: routes.map((route) => route(install)) });
}

function parseRoute(
  route: RouteMessage,
  { name: virtualHost = "" }: VirtualHostMessage,
  around: HostDefaults,
  outer: Level,
  path: string,
  found: Findings,
): WithSettings<Route> {
  const level = parseLevel(route, outer, path, found);
  const matches = parseRouteMatch(route.match ?? {}, found, found.context, `${path}.match`, found.problems);
  const action = parseAction(route, around, path, found);
  const entries =
    route.route && action.kind === "forward"
      ? parseWeightedEntries(route.route, action, level, `${path}.route`, found)
      : undefined;
  return (install) => {
    const leveled = (own: Level) => ({
      requestMutations: own.request,
      responseMutations: own.response,
      filterSettings: install(own.filters),
    });
    const whole = { name: route.name ?? "", virtualHost, matches, action, ...leveled(level) };
    if (!entries) return whole;
    const choose = weightedChoice(
      entries.map((entry) => ({
        weight: entry.weight,
        route: { ...whole, action: entry.action, ...leveled(entry.level) },
      })),
    );
    return { ...whole, entryOf: (random) => choose(random)?.route ?? whole };
  };
}

function parseAction(
  route: RouteMessage,
  around: HostDefaults,
  path: string,
  { context, clusters, problems, maxBodyBytes }: Findings,
): RouteAction {
  const matched = route.match?.prefix ?? route.match?.path ?? route.match?.path_separated_prefix ?? "";
  if (route.redirect)
    return { kind: "reply", reply: parseRedirect(route.redirect, matched, `${path}.redirect`, problems) };
  if (route.direct_response) {
    const { status = 0, body } = route.direct_response;
    const content = readDataSource(body, context.local, `${path}.direct_response.body`);
    problems.push(...content.problems);
    // The body is carried as bytes in a string of one byte a character.
    const bytes = content.value?.bytes.toString("latin1") ?? "";
    if (bytes.length > maxBodyBytes) {
      const rule = `response body size is ${bytes.length} bytes; maximum is ${maxBodyBytes}`;
      problems.push(refuse(`${path}.direct_response.body`, rule));
    }
    const reply = localReply(status, "direct_response", bytes);
    // Envoy tells the place that was asked for with every status that may have one.
    if (status !== 201 && (status < 300 || status > 399)) return { kind: "reply", reply: () => reply };
    const redirect = parseRedirect({}, matched, path, problems);
    return { kind: "reply", reply: (request) => ({ ...reply, headers: redirect(request).headers }) };
  }
  if (route.route) {
    const own = bufferLimit(route);
    const inner = own === undefined ? around : { ...around, bufferLimitBytes: own };
    return parseForward(route.route, matched, inner, `${path}.route`, clusters, problems);
  }
  problems.push(notSupported(path, "a route without route, redirect or direct_response"));
  return { kind: "reply", reply: () => localReply(404, "") };
}

/** A domain may stand in one virtual host only. */
function repeatedDomains({ name, virtual_hosts: hosts }: RouteConfiguration, path: string): Problem[] {
  const seen = new Set<string>();
  return (hosts ?? []).flatMap((host, index) =>
    (host.domains ?? []).flatMap((spelled, at) => {
      const domain = spelled.toLowerCase();
      if (!seen.has(domain)) {
        seen.add(domain);
        return [];
      }
      const rule =
        domain === "*"
          ? "Only a single wildcard domain is permitted"
          : `Only unique values for domains are permitted. Duplicate entry of domain ${domain}`;
      return [refuse(`${path}[${index}].domains[${at}]`, `${rule} in route ${name ?? ""}`)];
    }),
  );
}
