import type { Lint } from "../lint.ts";
import { field, items } from "../located.ts";

/** Health checks over a cluster that writes the header (PP-118 to PP-121). */
export const proxyProtocolHealthCheck: Lint = {
  code: "proxy-protocol-health-check",
  severity: "warning",
  *check({ traffic }) {
    for (const { cluster, sockets } of traffic.headerClusters) {
      const isV1 = sockets.some(({ value }) => value.config?.version !== "V2");
      for (const check of items(cluster, "health_checks")) {
        const tcp = field(check, "tcp_health_check");
        const own = tcp && field(tcp, "proxy_protocol_config");
        const isBare = tcp && !tcp.value.send && !tcp.value.receive?.length;
        if (own) {
          yield {
            resource: cluster.resource,
            path: own.path,
            message:
              "the transport socket already writes a header, so probes begin with two; remove proxy_protocol_config",
          };
        } else if (isBare) {
          yield {
            resource: cluster.resource,
            path: tcp.path,
            message:
              "a TCP check without send and receive connects and closes without a byte, not even the header, which an upstream that demands one may count as an error; add a payload or use an HTTP check",
          };
        } else if (isV1) {
          yield {
            resource: cluster.resource,
            path: check.path,
            message:
              "with V1 each probe names this proxy as the client; version V2 marks probes as LOCAL, so that the upstream can tell them apart",
          };
        }
      }
    }
  },
};
