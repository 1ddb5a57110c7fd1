import type { Lint } from "../lint.ts";
import { field } from "../located.ts";
import { readsHeader } from "./listener-filters.ts";
import { filtersOfType, proxyProtocolFilter } from "./listener-filters.ts";
import { http3Of } from "./upstream-protocol.ts";

/** The PROXY protocol is for TCP; on UDP and QUIC nothing reads or writes a header. */
export const proxyProtocolUdp: Lint = {
  code: "proxy-protocol-udp",
  severity: "warning",
  *check({ schema, listeners, traffic }) {
    for (const listener of listeners.values()) {
      const isUdp =
        listener.value.address?.socket_address?.protocol === "UDP" || listener.value.udp_listener_config;
      if (!isUdp || !readsHeader(listener)) continue;
      const filter = filtersOfType(listener, proxyProtocolFilter)[0];
      yield {
        resource: listener.resource,
        path: filter?.path ?? "filter_chains[0].use_proxy_proto",
        message:
          "this listener is UDP (QUIC), where no PROXY header can be read; the filter belongs on a TCP listener",
      };
    }
    for (const { cluster, sockets } of traffic.headerClusters) {
      const http3 = http3Of(schema, cluster);
      const quic = sockets
        .map((socket) => field(socket, "transport_socket"))
        .find((inner) => inner?.value.typed_config?.type_url?.endsWith(".QuicUpstreamTransport"));
      const at = http3 ?? quic;
      if (!at) continue;
      yield {
        resource: cluster.resource,
        path: at.path,
        message:
          "HTTP/3 runs over UDP, where no PROXY header can be written; use HTTP/1.1 or HTTP/2 over TCP",
      };
    }
  },
};
