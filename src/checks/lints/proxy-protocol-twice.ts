import type { Lint } from "../lint.ts";
import { filtersOfType, proxyProtocolFilter, usesProxyProto } from "./listener-filters.ts";

/** A listener that demands two headers in a row (PP-9, PP-11). */
export const proxyProtocolTwice: Lint = {
  code: "proxy-protocol-twice",
  severity: "warning",
  *check({ listeners }) {
    for (const listener of listeners.values()) {
      const filters = filtersOfType(listener, proxyProtocolFilter);
      if (filters.length > 0 && usesProxyProto(listener)) {
        yield {
          resource: listener.resource,
          path: `${listener.value.filter_chains?.[0] ? "filter_chains[0]" : "default_filter_chain"}.use_proxy_proto`,
          message:
            "use_proxy_proto adds a second proxy_protocol filter, so that every client must send two headers; remove this deprecated field",
        };
      } else if (filters.length > 1) {
        yield {
          resource: listener.resource,
          path: filters[1]!.path,
          message: "a second proxy_protocol filter demands a second header from every client; remove one",
        };
      }
    }
  },
};
