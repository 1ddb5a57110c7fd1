import type { Lint } from "../lint.ts";
import { field } from "../located.ts";
import { keepsTlvs } from "./listener-filters.ts";

/** TLVs do not keep connections apart: one that was opened with a client's TLVs serves others of equal addresses (PP-114). */
export const tlvsShared: Lint = {
  code: "tlvs-shared",
  severity: "warning",
  *check(view) {
    for (const { cluster, sockets } of view.traffic.headerClusters) {
      const entries = view.traffic.httpTo.get(cluster.resource.name) ?? [];
      const entry = entries.find(({ listener }) => keepsTlvs(view, listener));
      if (!entry) continue;
      for (const socket of sockets) {
        const config = field(socket, "config");
        const passed = config && field(config, "pass_through_tlvs");
        // Who sets `tlv_as_pool_key` is told by field-without-effect.
        if (!passed || config.value.version !== "V2" || socket.value.tlv_as_pool_key) continue;
        yield {
          resource: cluster.resource,
          path: passed.path,
          message: `HTTP of listener ${JSON.stringify(entry.listener.resource.name)} goes to this cluster: a client whose addresses are those of another is served on its connection, and so with its TLVs; where they tell who a client is, use tcp_proxy`,
        };
      }
    }
  },
};
