import { randomUUID } from "node:crypto";
import type { Problem } from "../../src/base/problem.ts";
import type { HttpConnectionManager } from "../../src/schema/api.ts";
import { parseAccessLogs } from "../access-logs/parse-access-logs.ts";
import { ownAddress } from "../network/local-address.ts";
import type {
  Extension,
  HttpFilter,
  Installer,
  NetworkFilter,
  ParseContext,
} from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";
import { parseTypedConfig } from "../resources/typed-config.ts";
import { HttpDate } from "./http-date.ts";
import { managerConfig, managerSupport } from "./manager-config.ts";
import { managerStats } from "./manager-stats.ts";
import { parseRouteSource } from "./routes/route-source.ts";
import { ServerConnection } from "./server-connection.ts";

const typeName = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** `envoy.filters.network.http_connection_manager`: HTTP/1.1 from the client, by routes, to clusters. */
export const httpConnectionManager: Extension<NetworkFilter> = {
  typeName,
  parse(message, context, path) {
    const manager = asType(typeName, message);
    const problems: Problem[] = [...unsupportedFields(message, managerSupport, path)];
    const take = <Value>(result: Parsed<Value>): Value | undefined => {
      problems.push(...result.problems);
      return result.value;
    };
    const config = managerConfig(manager, context.hostname, path, problems);
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
    const logs = take(parseAccessLogs(manager.access_log, context, `${path}.access_log`));
    if (!routes || !filters) return { problems };
    return parsed((run, scope) => {
      const [filter] = filters.map((install) => install(run, scope));
      const shared = {
        config,
        run,
        stats: managerStats(run.stats, config.statPrefix, scope),
        routes: routes(run, scope),
        detections: detections.flatMap((install) => (install ? [install(run, scope)] : [])),
        suppressesEnvoyHeaders: filter?.suppressesEnvoyHeaders ?? false,
        logAccess: logs?.(run, scope),
        date: new HttpDate(run.clock),
        ownAddress,
        newRequestId: () => randomUUID(),
      };
      return {
        kind: "terminal",
        serve: (connection) => new ServerConnection(shared, connection).start(connection.early),
      };
    }, problems);
  },
};

/** The filter chain; its last filter, and no other, is the router. */
function parseFilters(
  manager: HttpConnectionManager,
  context: ParseContext,
  path: string,
): Parsed<readonly Installer<HttpFilter>[]> {
  const filters = manager.http_filters ?? [];
  const results = filters.map((filter, index) =>
    parseTypedConfig("httpFilters", filter, context, `${path}.http_filters[${index}]`),
  );
  const problems = results.flatMap((result) => result.problems);
  const installers = results.flatMap((result) => (result.value ? [result.value] : []));
  if (filters.length === 0) {
    problems.push(
      refuse(`${path}.http_filters`, "no terminal filter: envoy.filters.http.router must be the last"),
    );
  }
  if (installers.length > 1) {
    problems.push(
      refuse(`${path}.http_filters`, "terminal filter must be the last filter in the http filter chain"),
    );
  }
  return parsed(installers, problems);
}
