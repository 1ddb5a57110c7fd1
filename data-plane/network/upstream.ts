import type { Socket } from "node:net";
import type { Address } from "./address.ts";
import type { HttpUpstream } from "./http-stream.ts";
import type { MetadataValue, ProxyProtocolState } from "./connection-info.ts";
import type { ConnectionInfo } from "./connection-info.ts";
import type { MetadataMatch } from "./metadata-match.ts";
import type { RequestHead } from "./http-message.ts";
import type { TakeBytes } from "./read-memory.ts";
import type { TlsConnection } from "./tls-connection.ts";

/** `envoy.config.core.v3.Metadata` of an endpoint. */
export interface EndpointMetadata {
  /** `filter_metadata`: namespace → fields. */
  readonly filter: ReadonlyMap<string, Readonly<Record<string, MetadataValue>>>;
  /** `typed_filter_metadata`: namespace → message as it was sent. */
  readonly typed: ReadonlyMap<string, { readonly type_url: string; readonly value: Buffer }>;
}

/**
 * Who is told how uses of a host went, so that one that fails too often is left alone (outlier detection), or one that asks for it.
 */
export interface HostOutcomes {
  /** An HTTP response came. */
  response(status: number): void;
  /** A connection is there for one exchange, whose own outcome will be told. */
  connected(): void;
  /** A connection is there, and no other outcome of it will be told, as in TCP. */
  connectedFinally(): void;
  /** The host could not be reached or broke an exchange off (503), or did not answer in time (504). */
  failed(status: 503 | 504): void;
  /** A response had `x-envoy-immediate-health-check-fail`. */
  askedToBeLeftOut(): void;
}

/** How requests to a host went, as `/clusters` shows it: each answer below 500 is a success, all else an error. */
export interface HostRequests {
  rqError: number;
  rqSuccess: number;
  rqTimeout: number;
}

/** One address that a cluster can be reached at. */
export interface Host {
  /** Absent where nobody counts. */
  readonly stats?: HostRequests;
  readonly address: Address;
  /** The endpoint's `hostname`, or the DNS name that the address came from; empty if neither. */
  readonly hostname: string;
  readonly metadata: EndpointMetadata;
  /** Of its locality; absent where that has none. */
  readonly localityMetadata?: EndpointMetadata;
  /** Absent where nobody wants to know. */
  readonly outcomes?: HostOutcomes | undefined;
}

/** `envoy.config.core.v3.RoutingPriority`: which circuit breakers of a cluster count. */
export type RoutePriority = "default" | "high";

/** What load balancing may look at of a connection or request. All of it may be absent. */
export interface HostCriteria {
  readonly info?: ConnectionInfo | undefined;
  /** Of a request. */
  readonly head?: RequestHead | undefined;
  /** Of the `hash_policy` of the route or of tcp_proxy, 64 bits; without one, policies that hash choose at random. */
  readonly hash?: bigint | undefined;
  /** The subset of hosts that may serve, where the cluster has subsets. */
  readonly metadataMatch?: MetadataMatch | undefined;
  /** True: this host is not wanted, as after a failed try. Another is chosen then, up to `maxChoices` times in all. */
  readonly isUnwanted?: ((host: Host) => boolean) | undefined;
  /** 1 when unset. */
  readonly maxChoices?: number | undefined;
}

/** What a transport socket may know about the upstream connection that it works for. */
export interface UpstreamContext {
  readonly host: Host;
  /** `%CONNECTION_ID%` of the upstream connection. */
  readonly connectionId: number;
  /** Addresses and TLVs of the downstream; absent where no downstream is involved (health checks, PP-95). */
  readonly downstream: ProxyProtocolState | undefined;
  /** This side's end of the upstream connection. */
  readonly local: Address;
}

/** Why no upstream connection came about. */
export type ConnectFailure = "no-host" | "overflow" | "connect-timeout" | "connect-fail";

/** The same for a connection that stands for itself: that nobody may wait for one is a failure that may be tried again. */
export type DialFailure = ConnectFailure | "pending-overflow";

/** The failure of a connection as the request that it was for is told of it. */
export function failureOfRequest(failure: DialFailure): ConnectFailure {
  return failure === "pending-overflow" ? "overflow" : failure;
}

/** Counters of a cluster that its connections add to. */
interface UpstreamTraffic {
  upstream_cx_close_notify: number;
  upstream_cx_protocol_error: number;
  upstream_cx_rx_bytes_total: number;
  upstream_cx_tx_bytes_total: number;
  upstream_flow_control_paused_reading_total: number;
  upstream_flow_control_resumed_reading_total: number;
}

/** An upstream connection that is up. Who asked for it owns the socket and must `release` it exactly once when it is over. */
export interface UpstreamConnection {
  /** Its errors need no listener: a broken connection is told by `close`. */
  readonly socket: Socket;
  readonly host: Host;
  readonly local: Address;
  /** What the handshake came to; undefined without TLS. */
  readonly tls: TlsConnection | undefined;
  /**
   * Gives what the upstream sends to `take`, in place of the socket's `data` event; to be called once, at once. Only where the
   * request asked for `lentBytes`.
   */
  startReading(take: TakeBytes): void;
  /** Bytes of the transport socket that must go out before any other, in clear; write them with the first payload. */
  readonly header: Buffer | undefined;
  /** What may wait to be written to the upstream before reading from the downstream stops. */
  readonly bufferLimitBytes: number;
  /** Payload counters of the cluster, to be added to in place. */
  readonly traffic: UpstreamTraffic;
  /** Takes the connection off the cluster's books. `by` tells who ended it; `isBusy` whether a request was on it, as always in TCP. */
  release(by: "local" | "remote", isBusy?: boolean): void;
}

/** One try to reach a cluster. The callbacks come later than the call that made it, exactly one of them, none after `cancel`. */
export interface ConnectAttempt {
  cancel(): void;
}

/** What a request asks of the TLS of its connection; nobody whose wish differs shares that connection. */
export interface TlsWish {
  /** In place of the configured one; empty: that one. */
  readonly serverName: string;
  /** The server's certificate must be for this name; undefined: as configured. */
  readonly verifiedName: string | undefined;
  /** Offered by ALPN where the configuration offers none. */
  readonly protocols: readonly string[];
  /** Offered by ALPN in place of the configured ones, where there are any: what a health check may ask for. */
  readonly onlyProtocols?: readonly string[];
}

export interface ConnectRequest extends HostCriteria {
  /** `default` when unset. */
  readonly priority?: RoutePriority | undefined;
  readonly info: ConnectionInfo;
  /** What the PROXY header, if the cluster writes one, is to say. */
  readonly downstream: ProxyProtocolState | undefined;
  /** Where the connection must come from; undefined leaves it to the connection's original source, and then to the cluster. */
  readonly source?: Address | undefined;
  /** The request that the connection is for, where there is one, and what will be spoken: the cluster may ask TLS for both. */
  readonly http?: { readonly head: RequestHead; readonly protocol: "HTTP/1.1" | "HTTP/2" | "auto" };
  /** A failure of this attempt ends the downstream connection: `upstream_cx_connect_attempts_exceeded` counts it. */
  readonly isLastAttempt: boolean;
  /** What the upstream sends is taken by `startReading`. */
  readonly lentBytes?: true;
  onConnected(connection: UpstreamConnection): void;
  /** `reason`: what the transport socket said, in Envoy's words. `host`: the one that could not be reached. */
  onFailure(failure: DialFailure, host?: Host, reason?: string): void;
}

/** A cluster as filters see it. */
export interface Upstream extends HttpUpstream {
  readonly name: string;
  /** How many hosts there are by now, and how many of them may serve: healthy or degraded. */
  readonly membership: { readonly total: number; readonly available: number };
  connect(request: ConnectRequest): ConnectAttempt;
}

/** The clusters that serve now, by name; what it gives is looked up anew for every connection. */
export interface Upstreams {
  get(name: string): Upstream | undefined;
}

/** Where a connection for a request must come from, as an `original_src` filter wants it. Only the address counts (PP-76). */
export function sourceOf({ source, info }: Pick<ConnectRequest, "source" | "info">): Address | undefined {
  return source ?? info.originalSource;
}
