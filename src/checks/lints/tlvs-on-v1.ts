import { fieldPath } from "../../schema/path.ts";
import type { Lint } from "../lint.ts";
import { field, items } from "../located.ts";

/** Version 1 has no TLVs: none is ever written (PP-96). */
export const tlvsOnV1: Lint = {
  code: "tlvs-on-v1",
  severity: "warning",
  *check({ traffic }) {
    const v1Only = new Set(
      traffic.headerClusters
        .filter(({ sockets }) => sockets.every(({ value }) => value.config?.version !== "V2"))
        .map(({ cluster }) => cluster.resource.name),
    );
    for (const { listener, filter, clusters } of traffic.tcp) {
      const set = items(filter, "proxy_protocol_tlvs")[0];
      const [name] = clusters;
      if (!set || name === undefined || ![...clusters].every((cluster) => v1Only.has(cluster))) continue;
      yield {
        resource: listener.resource,
        path: fieldPath(filter.path, "proxy_protocol_tlvs"),
        message: `cluster ${JSON.stringify(name)} writes version V1 of the header, which has no TLVs; use version: V2 there`,
      };
    }
    for (const { cluster, sockets } of traffic.headerClusters) {
      for (const socket of sockets) {
        const config = field(socket, "config");
        if (!config || config.value.version === "V2") continue;
        const set = field(config, "pass_through_tlvs") ?? field(config, "added_tlvs");
        if (!set) continue;
        yield {
          resource: cluster.resource,
          path: set.path,
          message: "version V1 of the header has no TLVs, so none is written; use version: V2",
        };
      }
    }
  },
};
