import type { Cluster } from "../../schema/api.ts";
import type { Schema } from "../../schema/schema.ts";
import type { Lint } from "../lint.ts";
import { field, type Located } from "../located.ts";
import { httpOptionsOf } from "./upstream-protocol.ts";

/** Connections that only one client can use again should not wait for it for an hour. */
const longestMs = 60_000;

/** HTTP over a cluster that writes the header: its connections outlive their clients (PP-116, PP-117). */
export const proxyProtocolIdleTimeout: Lint = {
  code: "proxy-protocol-idle-timeout",
  severity: "warning",
  *check({ schema, traffic }) {
    for (const { cluster, sockets } of traffic.headerClusters) {
      if (!traffic.httpTo.has(cluster.resource.name)) continue;
      const timeout = idleTimeoutOf(schema, cluster);
      const idleMs = timeout ? milliseconds(timeout.value) : 3_600_000;
      if (idleMs > 0 && idleMs <= longestMs) continue;
      const found = timeout
        ? `idle_timeout is ${idleMs === 0 ? "off" : `${idleMs / 1000}s`}`
        : "no idle_timeout is set, which means 1 hour";
      yield {
        resource: cluster.resource,
        path: timeout?.path ?? sockets[0]!.path,
        message: `${found}, and upstream connections stay open when their client has gone; set common_http_protocol_options.idle_timeout of the cluster to ${longestMs / 1000}s or less`,
      };
    }
  },
};

function idleTimeoutOf(schema: Schema, cluster: Located<Cluster>) {
  const options = httpOptionsOf(schema, cluster);
  const common = options
    ? field(options, "common_http_protocol_options")
    : field(cluster, "common_http_protocol_options");
  return common && field(common, "idle_timeout");
}

function milliseconds({ seconds = "0", nanos = 0 }: { readonly seconds?: unknown; readonly nanos?: number }) {
  return Number(seconds) * 1000 + nanos / 1e6;
}
