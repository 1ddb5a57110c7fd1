import { fieldPath } from "../../schema/path.ts";
import type { Finding, Lint } from "../lint.ts";
import { field, items, unpack } from "../located.ts";
import { filtersOfType, originalSrcFilter } from "./listener-filters.ts";

/** Fields that Envoy 1.40 takes and does nothing with (PP-76, PP-98, PP-121). */
export const fieldWithoutEffect: Lint = {
  code: "field-without-effect",
  severity: "warning",
  *check({ schema, clusters, listeners, traffic }) {
    for (const { cluster, sockets } of traffic.headerClusters) {
      for (const { value, path } of sockets) {
        if (value.tlv_as_pool_key) {
          yield finding(
            cluster,
            path,
            "tlv_as_pool_key",
            "a connection opened with one client's TLVs is used again",
          );
        }
        if (value.allow_unspecified_address) {
          yield finding(cluster, path, "allow_unspecified_address", "the header is the same without it");
        }
      }
    }
    for (const cluster of clusters.values()) {
      for (const check of items(cluster, "health_checks")) {
        const tcp = field(check, "tcp_health_check");
        const config = tcp && field(tcp, "proxy_protocol_config");
        if (config?.value.added_tlvs) {
          yield finding(cluster, config.path, "added_tlvs", "the header of health checks has no TLVs");
        }
      }
    }
    for (const listener of listeners.values()) {
      for (const filter of filtersOfType(listener, originalSrcFilter)) {
        const config = unpack(schema, field(filter, "typed_config"), originalSrcFilter);
        if (!config?.value.bind_port) continue;
        yield finding(
          listener,
          config.path,
          "bind_port",
          "only the address is used, the system chooses the port",
        );
      }
    }
  },
};

function finding(
  { resource }: Pick<Finding, "resource">,
  path: string,
  name: string,
  consequence: string,
): Finding {
  const message = `${name} has no effect in Envoy 1.40: ${consequence}`;
  return { resource, path: fieldPath(path, name), message };
}
