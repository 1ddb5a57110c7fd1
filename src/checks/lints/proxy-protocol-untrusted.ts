import type { ProxyProtocol } from "../../schema/api.ts";
import type { Lint, LintView } from "../lint.ts";
import { field, type Located, unpack } from "../located.ts";
import type { Decoded } from "../group-view.ts";
import type { Listener } from "../../schema/api.ts";
import { filtersOfType, proxyProtocolFilter } from "./listener-filters.ts";
import { isReachable, isSenderRestricted } from "./restricted-sender.ts";

/** Who can reach the port can claim any address; with an optional header so can every ordinary client. */
export const proxyProtocolUntrusted: Lint = {
  code: "proxy-protocol-untrusted",
  severity: "warning",
  *check(view) {
    for (const { listener, filter } of openFilters(view)) {
      const optional = field(filter, "allow_requests_without_proxy_protocol");
      if (!optional?.value) continue;
      yield {
        resource: listener.resource,
        path: optional.path,
        message:
          "the header is optional on a port that anyone can reach, so any client may send one and claim any address; restrict senders with direct_source_prefix_ranges or RBAC direct_remote_ip",
      };
    }
  },
};

/** The same port with a mandatory header: ordinary clients are shut out, forgers are not (PP-56, PP-57). */
export const proxyProtocolUnrestricted: Lint = {
  code: "proxy-protocol-unrestricted",
  severity: "info",
  *check(view) {
    for (const { listener, filter } of openFilters(view)) {
      if (filter.value.allow_requests_without_proxy_protocol) continue;
      yield {
        resource: listener.resource,
        path: filter.path,
        message:
          "whoever reaches this port may claim any client address; restrict senders with direct_source_prefix_ranges or RBAC direct_remote_ip, or silence this where a firewall does",
      };
    }
  },
};

function* openFilters(
  view: LintView,
): Iterable<{ listener: Decoded<Listener>; filter: Located<ProxyProtocol> }> {
  for (const listener of view.listeners.values()) {
    const found = filtersOfType(listener, proxyProtocolFilter)[0];
    const filter = found && unpack(view.schema, field(found, "typed_config"), proxyProtocolFilter);
    if (!filter || !isReachable(listener) || isSenderRestricted(view.schema, listener)) continue;
    yield { listener, filter };
  }
}
