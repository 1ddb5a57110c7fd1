import { referencesOf } from "../../config/references.ts";
import type { Listener } from "../../schema/api.ts";
import type { Schema } from "../../schema/schema.ts";
import { CLUSTER } from "../../schema/type-urls.ts";
import type { Decoded } from "../group-view.ts";
import type { Finding, Lint } from "../lint.ts";
import { field } from "../located.ts";
import type { Traffic } from "../traffic.ts";
import { http3Of } from "./upstream-protocol.ts";

/** The PROXY protocol is for TCP; on UDP and QUIC nothing reads or writes a header. */
export const proxyProtocolUdp: Lint = {
  code: "proxy-protocol-udp",
  severity: "warning",
  *check({ schema, listeners, traffic }) {
    for (const listener of listeners.values()) {
      if (listener.value.address?.socket_address?.protocol !== "UDP") continue;
      yield* overUdp(schema, listener, traffic);
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

/** udp_proxy sends datagrams: the transport sockets of its clusters play no part. */
function* overUdp(schema: Schema, { resource }: Decoded<Listener>, traffic: Traffic): Iterable<Finding> {
  const withHeader = new Set(traffic.headerClusters.map(({ cluster }) => cluster.resource.name));
  for (const { typeUrl, name, path } of referencesOf(schema, resource)) {
    if (typeUrl !== CLUSTER || !withHeader.has(name)) continue;
    const message = `datagrams to cluster ${JSON.stringify(name)} get no PROXY header: its transport socket is for TCP`;
    yield { resource, path, message };
  }
}
