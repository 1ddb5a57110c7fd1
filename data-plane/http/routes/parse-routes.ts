import type {
  MessageTypes,
  RouteConfiguration,
  RouteAction as RouteActionMessage,
} from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { Installer, ParseContext } from "../../resources/extension.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { noEffect, notSupported, oneOf, unsupportedFields } from "../../resources/support.ts";
import { durationMs, wrapped } from "../../resources/values.ts";
import type { RequestHead } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import { pathOnly } from "../path-only.ts";
import { readUpgrades } from "../upgrades.ts";
import type { HeaderMutation } from "../../resources/header-mutation.ts";
import { headerValueOptionSupport, parseHeaderMutation } from "../../resources/header-mutation.ts";
import type { LeveledSettings } from "./filter-settings.ts";
import { parseFilterSettings, settingsInstaller } from "./filter-settings.ts";
import { clusterChoice } from "./cluster-choice.ts";
import { hashPolicySupport, requestHash } from "./hash-policy.ts";
import { parseRedirect, redirectSupport } from "./redirect.ts";
import { matchSupport, parseRouteMatch } from "./route-match.ts";
import type { RetryPolicy } from "../forward/retry-policy.ts";
import { parseRetryPolicy, retryPolicySupport } from "../forward/retry-policy.ts";
import { withinWhole } from "../forward/timeouts.ts";
import type { AttemptCount, Route, RouteAction } from "./route.ts";
import type { RouteTable, VirtualHost } from "./route-table.ts";
import { routeTable } from "./route-table.ts";

type RouteMessage = MessageTypes["envoy.config.route.v3.Route"];
type VirtualHostMessage = MessageTypes["envoy.config.route.v3.VirtualHost"];

/** What every level around a route may say. */
const levelSupport: SupportTable = {
  typed_per_filter_config: true,
  request_headers_to_add: headerValueOptionSupport,
  request_headers_to_remove: true,
  response_headers_to_add: headerValueOptionSupport,
  response_headers_to_remove: true,
};

const forwardSupport: SupportTable = {
  cluster: true,
  weighted_clusters: { clusters: { name: true, weight: true, metadata_match: true }, total_weight: noEffect },
  timeout: true,
  idle_timeout: true,
  prefix_rewrite: true,
  host_rewrite_literal: true,
  cluster_not_found_response_code: oneOf("SERVICE_UNAVAILABLE", "NOT_FOUND", "INTERNAL_SERVER_ERROR"),
  priority: oneOf("DEFAULT", "HIGH"),
  hash_policy: hashPolicySupport,
  metadata_match: true,
  retry_policy: retryPolicySupport,
  upgrade_configs: { upgrade_type: true, enabled: true, connect_config: {} },
};

const support: SupportTable = {
  ...levelSupport,
  name: true,
  validate_clusters: true,
  virtual_hosts: {
    ...levelSupport,
    name: true,
    domains: true,
    require_tls: oneOf("NONE"),
    retry_policy: retryPolicySupport,
    include_request_attempt_count: true,
    include_attempt_count_in_response: true,
    include_is_timeout_retry_header: true,
    per_request_buffer_limit_bytes: true,
    request_body_buffer_limit: true,
    routes: {
      ...levelSupport,
      name: true,
      match: matchSupport,
      route: forwardSupport,
      redirect: redirectSupport,
      direct_response: { status: true, body: { inline_string: true, inline_bytes: true } },
      metadata: noEffect,
      per_request_buffer_limit_bytes: true,
      request_body_buffer_limit: true,
    },
  },
};

interface NamedCluster {
  readonly name: string;
  readonly path: string;
  readonly isWeighted: boolean;
}

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

/** What the levels around a route say. */
interface Level {
  readonly filters: LeveledSettings;
  readonly request: readonly HeaderMutation[];
  readonly response: readonly HeaderMutation[];
}

/** `envoy.config.route.v3.RouteConfiguration`. */
export function parseRoutes(
  config: RouteConfiguration,
  context: ParseContext,
  path: string,
): Parsed<RouteConfig> {
  const problems: Problem[] = [...unsupportedFields(config, support, path)];
  const at = path === "" ? "" : `${path}.`;
  const found: Findings = { context, clusters: [], problems };
  const outer = parseLevel(config, { request: [], response: [], filters: new Map() }, path, found);
  const hosts = (config.virtual_hosts ?? []).map((host, index) =>
    parseVirtualHost(host, outer, `${at}virtual_hosts[${index}]`, found),
  );
  problems.push(...repeatedDomains(config, `${at}virtual_hosts`));
  return parsed(
    {
      name: config.name ?? "",
      install: (run, scope) => {
        const install = settingsInstaller(run, scope);
        return routeTable(hosts.map((host) => host(install)));
      },
      clusters: found.clusters,
      validatesClusters: wrapped<boolean | undefined>(config.validate_clusters, false, undefined),
    },
    problems,
  );
}

/** What reading routes comes upon. */
interface Findings {
  readonly context: ParseContext;
  readonly clusters: NamedCluster[];
  readonly problems: Problem[];
}

/** Makes something that has settings of filters in it ready to run. */
type WithSettings<Made> = (install: ReturnType<typeof settingsInstaller>) => Made;

/** A level's own mutations in front of those around it: the innermost comes first, so that the outermost has the last word. */
function parseLevel(
  message: Pick<
    RouteMessage,
    | "request_headers_to_add"
    | "request_headers_to_remove"
    | "response_headers_to_add"
    | "response_headers_to_remove"
    | "typed_per_filter_config"
  >,
  outer: Level,
  path: string,
  { context, problems }: Findings,
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
  return {
    request: request ? [request, ...outer.request] : outer.request,
    response: response ? [response, ...outer.response] : outer.response,
    filters: parseFilterSettings(message.typed_per_filter_config, outer.filters, context, at, problems),
  };
}

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
  return (install) => ({ domains, routes: routes.map((route) => route(install)) });
}

/** What a virtual host says for its routes. */
interface HostDefaults {
  readonly retryPolicy: RetryPolicy | undefined;
  readonly attemptCount: AttemptCount;
  readonly bufferLimitBytes: number | undefined;
}

function parseHostDefaults(host: VirtualHostMessage, path: string, problems: Problem[]): HostDefaults {
  return {
    retryPolicy: host.retry_policy
      ? parseRetryPolicy(host.retry_policy, `${path}.retry_policy`, problems)
      : undefined,
    attemptCount: {
      isInRequest: host.include_request_attempt_count ?? false,
      isInResponse: host.include_attempt_count_in_response ?? false,
      isTimeoutTold: host.include_is_timeout_retry_header ?? false,
    },
    bufferLimitBytes: bufferLimit(host),
  };
}

/** `request_body_buffer_limit`, or the older field that it stands in for. */
function bufferLimit({
  request_body_buffer_limit: limit,
  per_request_buffer_limit_bytes: older,
}: Pick<RouteMessage, "request_body_buffer_limit" | "per_request_buffer_limit_bytes">): number | undefined {
  if (limit) return Number(limit.value ?? 0);
  return older ? (older.value ?? 0) : undefined;
}

function parseRoute(
  route: RouteMessage,
  { name: virtualHost = "" }: VirtualHostMessage,
  around: HostDefaults,
  outer: Level,
  path: string,
  found: Findings,
): WithSettings<Route> {
  const { clusters, problems } = found;
  const level = parseLevel(route, outer, path, found);
  const matches = parseRouteMatch(route.match ?? {}, `${path}.match`, problems);
  const action = parseAction(route, around, path, clusters, problems);
  return (install) => ({
    name: route.name ?? "",
    virtualHost,
    matches,
    action,
    requestMutations: level.request,
    responseMutations: level.response,
    filterSettings: install(level.filters),
  });
}

function parseAction(
  route: RouteMessage,
  around: HostDefaults,
  path: string,
  clusters: NamedCluster[],
  problems: Problem[],
): RouteAction {
  const matched = route.match?.prefix ?? route.match?.path ?? route.match?.path_separated_prefix ?? "";
  if (route.redirect) return { kind: "reply", reply: parseRedirect(route.redirect, matched) };
  if (route.direct_response) {
    const { status = 0, body } = route.direct_response;
    const text = body?.inline_string ?? body?.inline_bytes?.toString("latin1") ?? "";
    // The body is carried as bytes in a string of one byte a character.
    const bytes = body?.inline_bytes ? text : Buffer.from(text).toString("latin1");
    const reply = localReply(status, "direct_response", bytes);
    return { kind: "reply", reply: () => reply };
  }
  if (route.route) {
    const own = bufferLimit(route);
    const inner = own === undefined ? around : { ...around, bufferLimitBytes: own };
    return parseForward(route.route, matched, inner, `${path}.route`, clusters, problems);
  }
  problems.push(notSupported(path, "a route without route, redirect or direct_response"));
  return { kind: "reply", reply: () => localReply(404, "") };
}

const missingClusterStatuses: Readonly<Record<string, number>> = {
  SERVICE_UNAVAILABLE: 503,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
};

function parseForward(
  route: RouteActionMessage,
  matched: string,
  around: HostDefaults,
  path: string,
  clusters: NamedCluster[],
  problems: Problem[],
): RouteAction {
  const weighted = route.weighted_clusters?.clusters ?? [];
  const name = route.cluster ?? "";
  if (weighted.length === 0 && name === "") problems.push(refuse(`${path}.cluster`, "value is required"));
  if (name !== "") clusters.push({ name, path: `${path}.cluster`, isWeighted: false });
  for (const [index, one] of weighted.entries()) {
    clusters.push({
      name: one.name ?? "",
      path: `${path}.weighted_clusters.clusters[${index}].name`,
      isWeighted: true,
    });
  }
  if (weighted.length > 0 && weighted.every(({ weight }) => wrapped(weight, 0, 0) === 0)) {
    problems.push(
      refuse(`${path}.weighted_clusters`, "Sum of weights in the weighted_cluster must be greater than 0."),
    );
  }
  const retryPolicy = route.retry_policy
    ? parseRetryPolicy(route.retry_policy, `${path}.retry_policy`, problems)
    : around.retryPolicy;
  return {
    kind: "forward",
    choose: clusterChoice(route),
    hashOf: requestHash(route.hash_policy),
    priority: route.priority === "HIGH" ? "high" : "default",
    timeouts: withinWhole({
      answerMs: durationMs(route.timeout, 15_000),
      perTryMs: retryPolicy?.perTryTimeoutMs ?? 0,
      perTryIdleMs: retryPolicy?.perTryIdleTimeoutMs ?? 0,
      status: 504,
    }),
    upgrades: readUpgrades(route.upgrade_configs),
    endsConnect: route.upgrade_configs?.some(({ connect_config: config }) => config) ?? false,
    retryPolicy,
    attemptCount: around.attemptCount,
    bufferLimitBytes: around.bufferLimitBytes,
    ...(route.idle_timeout && { idleTimeoutMs: durationMs(route.idle_timeout, 0) }),
    missingClusterStatus:
      missingClusterStatuses[route.cluster_not_found_response_code ?? "SERVICE_UNAVAILABLE"] ?? 503,
    rewrite: rewriteOf(route, matched),
  };
}

function rewriteOf(
  { prefix_rewrite: prefix, host_rewrite_literal: host }: RouteActionMessage,
  matched: string,
): ((request: RequestHead) => void) | undefined {
  if (!prefix && !host) return undefined;
  return (request) => {
    if (prefix) {
      const { path } = request;
      request.headers.set("x-envoy-original-path", path);
      request.path = prefix + pathOnly(path).slice(matched.length) + path.slice(pathOnly(path).length);
    }
    if (host) request.headers.set("host", host);
  };
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
