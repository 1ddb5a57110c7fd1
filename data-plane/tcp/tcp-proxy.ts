import type { Problem } from "../../src/base/problem.ts";
import { parseAccessLogs } from "../access-logs/parse-access-logs.ts";
import type { Extension, NetworkFilter } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";
import { tcpProxyConfig, tcpProxySupport } from "./tcp-proxy-config.ts";
import { counterNames, TcpSession } from "./tcp-session.ts";
import { unservedTcp } from "./unserved-tcp.ts";

const typeName = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

/** `envoy.filters.network.tcp_proxy`: one upstream connection for each downstream connection. */
export const tcpProxy: Extension<NetworkFilter> = {
  typeName,
  parse(message, context, path) {
    const accessLogs = parseAccessLogs(asType(typeName, message).access_log, context, `${path}.access_log`);
    const problems: Problem[] = [
      ...unsupportedFields(message, tcpProxySupport, path),
      ...accessLogs.problems,
    ];
    const config = tcpProxyConfig(asType(typeName, message), context, path, problems);
    return parsed((run, scope) => {
      const counters = run.stats.counters(`tcp.${config.statPrefix}`, counterNames);
      const shared = { config, run, counters, logAccess: accessLogs.value?.(run, scope) };
      return {
        kind: "terminal",
        serve: (connection) => new TcpSession(shared, connection).start(),
        unserved: unservedTcp(shared),
      };
    }, problems);
  },
};
