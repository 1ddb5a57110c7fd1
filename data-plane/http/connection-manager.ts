import { randomUUID } from "node:crypto";
import type { Problem } from "../../src/base/problem.ts";
import type { HttpConnectionManager } from "../../src/schema/api.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import { parseAccessLogs } from "../access-logs/parse-access-logs.ts";
import { http2Stats } from "../http2/codec-stats.ts";
import { ownAddress } from "../network/local-address.ts";
import type {
  DownstreamConnection,
  Extension,
  Installer,
  NetworkFilter,
  ParseContext,
  RunContext,
} from "../resources/extension.ts";
import { findExtension } from "../resources/extension.ts";
import type { HttpFilter } from "../resources/http-filter.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse, warn } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";
import type { Slot } from "../resources/config-discovery.ts";
import { parseSlot } from "../resources/config-discovery.ts";
import { parseTypedConfig } from "../resources/typed-config.ts";
import { discoveredFilter } from "./discovered-filter.ts";
import type { ChainFilter } from "./filter-run.ts";
import { Http1ServerConnection } from "./http1-server-connection.ts";
import { Http2ServerConnection } from "./http2-server-connection.ts";
import { HttpDate } from "./http-date.ts";
import { parseLocalReplies } from "./local-reply-config.ts";
import { managerConfig, managerSupport } from "./manager-config.ts";
import { codecStats, managerStats } from "./manager-stats.ts";
import { parseRouteSource } from "./routes/route-source.ts";
import type { Manager } from "./manager.ts";
import { router } from "./router.ts";
import { unservedHttp } from "./unserved-http.ts";

const typeName = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** `envoy.filters.network.http_connection_manager`: HTTP/1.1 or HTTP/2 from the client, by routes, to clusters. */
export const httpConnectionManager: Extension<NetworkFilter> = {
  typeName,
  parse(message, context, path) {
    const manager = asType(typeName, message);
    const problems: Problem[] = [...unsupportedFields(message, managerSupport, path)];
    const take = <Value>(result: Parsed<Value>): Value | undefined => {
      problems.push(...result.problems);
      return result.value;
    };
    const config = managerConfig(manager, context, path, problems);
    const routes = take(parseRouteSource(manager, context, path));
    const filters = take(parseFilters(manager, context, path));
    const detections = (manager.original_ip_detection_extensions ?? []).map((extension, index) =>
      take(
        parseTypedConfig(
          "originalIpDetection",
          extension,
          context,
          `${path}.original_ip_detection_extensions[${index}]`,
        ),
      ),
    );
    if (detections.length > 0 && config.usesRemoteAddress) {
      const rule = "Original IP detection extensions and use_remote_address may not be mixed";
      problems.push(refuse(`${path}.original_ip_detection_extensions`, rule));
    }
    const replies = `${path}.local_reply_config`;
    const mapReply = parseLocalReplies(manager.local_reply_config, context, replies, problems);
    const logs = take(parseAccessLogs(manager.access_log, context, `${path}.access_log`));
    if (!routes || !filters) return { problems };
    return parsed((run, scope) => {
      const httpScope = `http.${config.statPrefix}`;
      const { filters: chain, terminal } = installFilters(filters, run, httpScope);
      const shared: Manager = {
        config,
        run,
        stats: managerStats(run.stats, config.statPrefix, scope),
        codecStats: codecStats(run.stats),
        http2Stats: http2Stats(run.stats, "http2"),
        routes: routes(run, httpScope),
        detections: detections.flatMap((install) => (install ? [install(run, scope)] : [])),
        filters: chain,
        get suppressesEnvoyHeaders() {
          const { current } = terminal;
          return current?.kind === "router" && current.suppressesEnvoyHeaders;
        },
        mapReply,
        logAccess: logs?.(run, scope),
        date: new HttpDate(run.clock),
        ownAddress: once(ownAddress),
        newRequestId: () => randomUUID(),
      };
      return {
        kind: "terminal",
        serve: (connection) => serve(shared, connection),
        unserved: unservedHttp(shared),
      };
    }, problems);
  },
};

/** The value of the first call, ever after: the system takes its time to list addresses, and Envoy asks it once. */
function once<Value>(find: () => Value): () => Value {
  let found: { readonly value: Value } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/** Chooses how to speak to a client: as configured, by ALPN, or by the first bytes. */
function serve(manager: Manager, connection: DownstreamConnection): void {
  const { counters, gauges } = manager.stats;
  counters.downstream_cx_total += 1;
  gauges.downstream_cx_active.add(1);
  if (connection.info.tls) {
    counters.downstream_cx_ssl_total += 1;
    gauges.downstream_cx_ssl_active.add(1);
  }
  const serveHttp2 = (early: Buffer) => new Http2ServerConnection(manager, connection).start(early);
  const { codec } = manager.config;
  const alpn = connection.info.tls?.alpn ?? "";
  if (codec === "HTTP2" || (codec === "AUTO" && alpn === "h2")) return serveHttp2(connection.early);
  const http1 = new Http1ServerConnection(manager, connection);
  http1.start(connection.early, codec === "AUTO" && alpn === "" ? serveHttp2 : undefined);
}

/** A filter of the chain, as it is configured. */
interface ConfiguredFilter {
  readonly name: string;
  readonly isDisabled: boolean;
  /** Comes over ECDS. */
  readonly isDiscovered: boolean;
  readonly install: Installer<Slot<HttpFilter>>;
}

/** The filter chain. */
function parseFilters(
  manager: HttpConnectionManager,
  context: ParseContext,
  path: string,
): Parsed<readonly ConfiguredFilter[]> {
  const problems: Problem[] = [];
  const messages = manager.http_filters ?? [];
  const filters = messages.flatMap((filter, index) => {
    const where = `${path}.http_filters[${index}]`;
    const isDiscovered = Boolean(filter.config_discovery);
    if (filter.is_optional && !isDiscovered && !isKnown(filter.typed_config?.type_url, context)) {
      problems.push(warn(where, "left out, as `is_optional` allows: there is no such filter here"));
      return [];
    }
    const { name = "", disabled: isDisabled = false } = filter;
    const isLast = index === messages.length - 1;
    const refusalOf = (type: string) => misplacement(name, type, isLast);
    const { value, problems: found } = parseSlot("httpFilters", filter, context, where, { refusalOf });
    problems.push(...found);
    return value ? [{ name, isDisabled, isDiscovered, install: value }] : [];
  });
  problems.push(...misplacedRouters(manager, `${path}.http_filters`));
  return parsed(filters, problems);
}

function isKnown(typeUrl: string | undefined, { extensions }: ParseContext): boolean {
  return findExtension(extensions, "httpFilters", typeNameOf(typeUrl ?? "")) !== undefined;
}

/** Why ECDS cannot bring a filter of this type to this place, in Envoy's words. */
function misplacement(name: string, type: string, isLast: boolean): string | undefined {
  const isTerminal = type === router.typeName;
  if (isTerminal === isLast) return undefined;
  return isTerminal
    ? `Error: terminal filter named ${name} of type ${type} must be the last filter in a http filter chain.`
    : `Error: non-terminal filter named ${name} of type ${type} is the last filter in a http filter chain.`;
}

/** The last filter, and no other, is the router: nothing else forwards. */
function misplacedRouters(manager: HttpConnectionManager, path: string): Problem[] {
  const filters = manager.http_filters ?? [];
  const isRouter = (filter: (typeof filters)[number]) =>
    typeNameOf(filter.typed_config?.type_url ?? "") === router.typeName;
  const last = filters.at(-1);
  if (!last || !(last.config_discovery || isRouter(last))) {
    return [refuse(path, "no terminal filter: envoy.filters.http.router must be the last")];
  }
  if (last.disabled)
    return [refuse(`${path}[${filters.length - 1}].disabled`, "the router cannot be disabled")];
  return filters.slice(0, -1).some(isRouter)
    ? [refuse(path, "terminal filter must be the last filter in the http filter chain")]
    : [];
}

/** The last is the router: what it says is looked up when it is needed, for ECDS may change it. */
function installFilters(
  configured: readonly ConfiguredFilter[],
  run: RunContext,
  scope: string,
): { readonly filters: readonly ChainFilter[]; readonly terminal: Slot<HttpFilter> } {
  let terminal: Slot<HttpFilter> = { current: undefined };
  const filters = configured.flatMap(({ name, isDisabled, isDiscovered, install }) => {
    const slot = install(run, scope);
    terminal = slot;
    if (isDiscovered) return [{ name, isDisabled, filter: discoveredFilter(slot) }];
    const { current: filter } = slot;
    return filter?.kind === "stream" ? [{ name, isDisabled, filter }] : [];
  });
  return { filters, terminal };
}
