import type { Lint } from "../lint.ts";
import { filtersOfType, originalSrcFilter, proxyProtocolFilter, usesProxyProto } from "./listener-filters.ts";

/** original_src takes the remote address as it is when it runs (PP-75), and use_proxy_proto runs last (PP-11). */
export const originalSrcUnrestored: Lint = {
  code: "original-src-unrestored",
  severity: "warning",
  *check({ listeners }) {
    for (const listener of listeners.values()) {
      const source = filtersOfType(listener, originalSrcFilter)[0];
      if (!source) continue;
      const header = filtersOfType(listener, proxyProtocolFilter)[0];
      if (header && header.index < source.index) continue;
      yield {
        resource: listener.resource,
        path: source.path,
        message:
          header || usesProxyProto(listener)
            ? "original_src runs before proxy_protocol and uses the address of the peer that sent the header; put proxy_protocol first"
            : "no listener filter restores the client's address before original_src, so the upstream sees the address of whoever connects here; put proxy_protocol in front, or silence this where clients connect directly",
      };
    }
  },
};
