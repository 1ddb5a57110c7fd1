import type { Lint } from "../lint.ts";
import { field } from "../located.ts";

/** Version 1 has no TLVs: none is ever written (PP-96). */
export const tlvsOnV1: Lint = {
  code: "tlvs-on-v1",
  severity: "warning",
  *check({ traffic }) {
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
