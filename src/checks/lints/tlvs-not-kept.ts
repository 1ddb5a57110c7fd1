import type { Lint } from "../lint.ts";
import { field } from "../located.ts";
import { keepsTlvs } from "./listener-filters.ts";

/** TLVs pass only where the listener filter keeps them as well (PP-40, PP-99). */
export const tlvsNotKept: Lint = {
  code: "tlvs-not-kept",
  severity: "warning",
  *check(view) {
    for (const { cluster, sockets } of view.traffic.headerClusters) {
      const { name } = cluster.resource;
      const tcp = view.traffic.tcpTo.get(name) ?? [];
      if (tcp.some(({ filter }) => filter.value.proxy_protocol_tlvs?.length)) continue;
      const listeners = [...(view.traffic.httpTo.get(name) ?? []), ...tcp].map(({ listener }) => listener);
      if (listeners.length === 0 || listeners.some((listener) => keepsTlvs(view, listener))) continue;
      for (const socket of sockets) {
        const config = field(socket, "config");
        const wanted = config && field(config, "pass_through_tlvs");
        if (!wanted || config.value.version !== "V2") continue;
        yield {
          resource: cluster.resource,
          path: wanted.path,
          message: `no TLV reaches this cluster: the proxy_protocol filter of listener ${JSON.stringify(listeners[0]!.resource.name)} keeps none; set pass_through_tlvs there too`,
        };
      }
    }
  },
};
