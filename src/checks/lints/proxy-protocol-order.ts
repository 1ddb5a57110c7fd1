import type { Lint } from "../lint.ts";
import {
  filtersOfType,
  httpInspectorFilter,
  proxyProtocolFilter,
  tlsInspectorFilter,
} from "./listener-filters.ts";

/** An inspector in front of the header sees the header, not what follows it (PP-10). */
export const proxyProtocolOrder: Lint = {
  code: "proxy-protocol-order",
  severity: "warning",
  *check({ listeners }) {
    for (const listener of listeners.values()) {
      const header = filtersOfType(listener, proxyProtocolFilter)[0];
      const inspector = [tlsInspectorFilter, httpInspectorFilter]
        .flatMap((type) => filtersOfType(listener, type))
        .find(({ index }) => header && index < header.index);
      if (!header || !inspector) continue;
      yield {
        resource: listener.resource,
        path: header.path,
        message: `proxy_protocol runs after ${inspector.value.name}, which then inspects the PROXY header and finds neither TLS nor SNI nor HTTP; put proxy_protocol first`,
      };
    }
  },
};
