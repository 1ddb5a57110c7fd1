import type { Lint } from "../lint.ts";
import { http2Of } from "./upstream-protocol.ts";

/** A header speaks for a connection, and HTTP/2 is there to carry many clients over one (PP-113). */
export const proxyProtocolHttp2: Lint = {
  code: "proxy-protocol-http2",
  severity: "warning",
  *check({ schema, traffic }) {
    for (const { cluster } of traffic.headerClusters) {
      if (!traffic.httpTo.has(cluster.resource.name)) continue;
      const http2 = http2Of(schema, cluster);
      if (!http2) continue;
      yield {
        resource: cluster.resource,
        path: http2.path,
        message:
          "a PROXY header speaks for a whole connection, so clients cannot share an HTTP/2 connection to this cluster: each opens its own; use x-forwarded-for, or HTTP/1.1",
      };
    }
  },
};
