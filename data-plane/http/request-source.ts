import type { StreamTiming } from "../network/format/format-source.ts";
import type { MetadataValue } from "../network/connection-info.ts";
import type { FormatSource, Transfer } from "../network/format-string.ts";
import type { Address } from "../network/address.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { HttpProtocol, RequestHead } from "../network/http-message.ts";
import type { Forward } from "./forward/forward.ts";
import { headerOf } from "./routes/route-match.ts";

/** What is known of an exchange, as far as it has come. */
export interface ExchangeFacts {
  readonly exchange: {
    readonly info: ConnectionInfo;
    readonly remote: Address;
    readonly request: RequestHead;
    readonly protocol: HttpProtocol;
    readonly route: { readonly name: string; readonly virtualHost: string } | undefined;
    metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined;
  };
  readonly forward:
    | Pick<Forward, "clusterName" | "stream" | "host" | "attempts" | "failureReason">
    | undefined;
  readonly hostname: string;
  readonly status: number;
  readonly responseHeaders: HeaderList | undefined;
  readonly responseTrailers: HeaderList | undefined;
  readonly timing: StreamTiming | undefined;
  /** The request was one of the health_check filter's. */
  readonly isHealthCheck: boolean;
  readonly details: string;
  readonly flags: readonly string[];
  readonly transfer: Transfer;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
}

/** What format strings read of an exchange. */
export function requestSource(facts: ExchangeFacts): FormatSource {
  const { exchange, forward, responseHeaders, status } = facts;
  const { info, request } = exchange;
  const stream = forward?.stream;
  return {
    // The connection as a request sees it: its own client, and none of the connection's dynamic metadata (PP-69, PP-82).
    connection: {
      id: info.id,
      remote: exchange.remote,
      local: info.local,
      directRemote: info.directRemote,
      directLocal: info.directLocal,
      listenerName: info.listenerName,
      filterChainName: info.filterChainName,
      serverName: info.serverName,
      ja3Hash: info.ja3Hash,
      tls: info.tls,
      ja4Hash: info.ja4Hash,
      metadata: (namespace) => exchange.metadata(namespace),
      filterState: (name) => info.filterState(name),
    },
    ...(forward?.host && { upstreamHost: forward.host }),
    ...(stream && { upstreamLocal: stream.local }),
    ...(forward && { upstreamCluster: forward.clusterName }),
    transfer: facts.transfer,
    exchange: {
      request: (name, isWhole) =>
        (isWhole ? undefined : request.headers.get(name)) ?? headerOf(request, name),
      response: (name) => responseHeaders?.get(name),
      trailer: (name) => facts.responseTrailers?.get(name),
      status,
      protocol: exchange.protocol,
      flags: facts.flags,
      attempts: forward?.attempts ?? 0,
      upstreamFailure: forward?.failureReason,
      details: facts.details,
      routeName: exchange.route?.name,
      virtualHost: exchange.route?.virtualHost,
    },
    outcome: {
      logType: "DownstreamEnd",
      startedAtMs: facts.nowMs - facts.transfer.durationMs,
      endedAtMs: facts.nowMs,
      isHealthCheck: facts.isHealthCheck,
      timing: facts.timing,
      streamId: request.headers.get("x-request-id"),
      upstreamProtocol: stream?.protocol,
    },
    hostname: facts.hostname,
  };
}
