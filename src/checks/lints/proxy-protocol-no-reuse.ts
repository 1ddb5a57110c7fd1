import type { Lint } from "../lint.ts";

/** HTTP over a cluster that writes the header: each client gets upstream connections of its own (PP-113). */
export const proxyProtocolNoReuse: Lint = {
  code: "proxy-protocol-no-reuse",
  severity: "info",
  *check({ traffic }) {
    for (const { cluster, sockets } of traffic.headerClusters) {
      const entry = traffic.httpTo.get(cluster.resource.name)?.[0];
      if (!entry) continue;
      yield {
        resource: cluster.resource,
        path: sockets[0]!.path,
        message: `HTTP of listener ${JSON.stringify(entry.listener.resource.name)} goes to this cluster, so no upstream connection is shared between clients whose header differs; where the upstream can read x-forwarded-for, prefer it`,
      };
    }
  },
};
