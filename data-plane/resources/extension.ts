import type { Socket } from "node:net";
import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { Secret } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import type { ConnectionInfo, ProxyProtocolState } from "../network/connection-info.ts";
import type { Address } from "../network/address.ts";
import type { FormatSource } from "../network/format-string.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { TlsConnection } from "../network/tls-connection.ts";
import type { TlsWish, UpstreamContext, Upstreams } from "../network/upstream.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { HttpFilter } from "./http-filter.ts";
import type { LocalData } from "./data-source.ts";
import type { Parsed } from "./parsed.ts";
import type { ResourceSubscriptions } from "./subscriptions.ts";

/** The part of `Schema` that reading a resource needs. */
export interface SchemaReader {
  decode(typeName: string, bytes: Buffer): Message;
  checkRules(
    typeName: string,
    message: Message,
  ): readonly { readonly path: string; readonly message: string }[];
}

/**
 * The bootstrap's `layered_runtime`, with Envoy's keys; `fallback` is Envoy's default. It changes while the proxy runs (XC-49): what Envoy
 * looks up for each request or connection is to be looked up so.
 */
export interface Runtime {
  isEnabled(key: string, fallback: boolean): boolean;
  integer(key: string, fallback: number): number;
  number(key: string, fallback: number): number;
  /** From 0 to 1. */
  fraction(key: string, fallback: number): number;
}

/** Whether this host lets a process connect from an address that is not its own: `original_src` needs it. */
export interface ForeignSources {
  readonly IPv4: boolean;
  readonly IPv6: boolean;
}

/** What reading a configuration may look at. Nothing here opens, resolves or counts anything, but for the files that a DataSource names. */
export interface ParseContext {
  readonly schema: SchemaReader;
  readonly extensions: ExtensionTable;
  readonly runtime: Runtime;
  /** `%HOSTNAME%`. */
  readonly hostname: string;
  /** As found at the start; taken for possible where nothing is to run (`--mode validate`). */
  readonly foreignSources: ForeignSources;
  /** What a DataSource may be read from: certificates and keys in files. */
  readonly local: LocalData;
  /** The bootstrap's `static_resources.secrets`, by name. */
  readonly staticSecrets: ReadonlyMap<string, Secret>;
  /** There is a cluster of this name, serving or warming. */
  readonly hasCluster: (name: string) => boolean;
  /**
   * Why an `envoy.config.core.v3.ConfigSource` cannot be used to subscribe, in Envoy's words; undefined when it can. What contains such a
   * source (`rds.config_source`, `sds_config`) refuses it with this reason.
   */
  readonly sourceRefusal: (source: Message | undefined) => string | undefined;
}

/** What a running extension may use. */
export interface RunContext {
  readonly stats: StatsStore;
  readonly upstreams: Upstreams;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly openAccessLog: OpenAccessLog;
  /** Resources by name over xDS. What an extension subscribes to while it is installed keeps its listener or cluster warming. */
  readonly subscriptions: ResourceSubscriptions;
  readonly server: ServerFacts;
}

/** What extensions may know of the proxy as a whole. */
export interface ServerFacts {
  /** `node.cluster` of the bootstrap. */
  readonly cluster: string;
  /** `/healthcheck/fail` was asked for and not taken back. */
  readonly isHealthCheckFailed: boolean;
}

/** Where an access log goes. */
export type AccessLogDestination =
  | { readonly kind: "stdout" }
  | { readonly kind: "stderr" }
  | { readonly kind: "file"; readonly path: string };

/** Gives the function that writes a line, its line break included. Several opens of one destination share it. */
export type OpenAccessLog = (destination: AccessLogDestination) => (line: string) => void;

/** Notes one connection that is over. */
export type AccessLogger = (entry: FormatSource) => void;

/** What a listener filter makes of the bytes received so far. */
export type ListenerFilterVerdict =
  /** Not enough bytes yet. The reader is called again with all of them when more came. */
  | { readonly kind: "more" }
  /** Done: the first `consumed` bytes belong to the filter, the rest to the next filter and the filter chain. */
  | { readonly kind: "continue"; readonly consumed: number }
  /** Close the connection without a byte (PP-3). */
  | { readonly kind: "close" };

/** Looks at everything received and not yet consumed, from the first call on (empty at first, if nothing came). */
export type ListenerFilterReader = (bytes: Buffer) => ListenerFilterVerdict;

/** A listener filter of one listener: runs before the filter chain is chosen. */
export interface ListenerFilter {
  /** The most bytes that it must be able to see at once; reading from the client stops there. */
  readonly readMaxBytes: number;
  /** Starts on a connection. State of the connection lives in the reader's closure. */
  open(connection: ConnectionInfo): ListenerFilterReader;
}

/** Whether the listener of a connection is going away: Envoy's drain decision. */
export interface DrainDecision {
  /**
   * True when the connection is to be ended in its protocol's friendly way (`connection: close`, GOAWAY). Asked anew for each
   * answer: over the drain time ever more connections get true (`--drain-strategy gradual`), so that clients do not all come back at once.
   */
  drainClose(): boolean;
}

/** A downstream connection whose filter chain is chosen. The terminal filter owns the socket. */
export interface DownstreamConnection {
  readonly info: ConnectionInfo;
  /** Paused, half-open allowed. Its errors need no listener: a broken connection is told by `close`. */
  readonly socket: Socket;
  /** Bytes that arrived behind what the listener filters consumed; to be handled before those of the socket. */
  readonly early: Buffer;
  /** What may wait to be written to the client before nothing more is to be read for it. */
  readonly bufferLimitBytes: number;
  readonly drain: DrainDecision;
}

/**
 * What becomes of a connection at a network filter. `closeAfterMs`: until then it is neither read nor answered. "end": it is over, but the
 * last filter still starts and sees it end, without a byte of it, as in Envoy, where all filters start before the first byte is looked at.
 */
export type Admission = "continue" | "close" | "end" | { readonly closeAfterMs: number };

/** How a connection ended that the last filter of its chain never served. */
export type UnservedEnd =
  /** Another filter would not have it. */
  | "refused"
  /** `Unserved.timeoutMs` passed before the handshake was over. */
  | "timeout"
  /** The client went away, or its handshake failed. */
  | "remote";

/**
 * What the last filter of a chain has to do with connections that end before it serves them: in Envoy it knows them from their first
 * moment on, its timers run and it counts them.
 */
export interface Unserved {
  /** How long a handshake may take, were there no `transport_socket_connect_timeout`; infinite for any time. */
  readonly timeoutMs: number;
  /** Counts and logs one. `isSecured`: its filter chain has a handshake. */
  note(info: ConnectionInfo, end: UnservedEnd, isSecured: boolean): void;
}

/** A network filter of one filter chain. */
export type NetworkFilter =
  /** Decides at the start whether the connection goes on. It must leave the bytes of the connection alone. */
  | { readonly kind: "gate"; admit(connection: DownstreamConnection): Admission }
  /** The last of its chain: does the work. */
  | {
      readonly kind: "terminal";
      serve(connection: DownstreamConnection): void;
      readonly unserved?: Unserved;
    };

/** How bytes travel to an upstream. */
export interface UpstreamTransportSocket {
  /** Bytes that go out in clear when the connection is up, before all others (PP-89); undefined for none. */
  header(context: UpstreamContext): Buffer | undefined;
  /**
   * What two downstreams must have in common to be served on one upstream connection, one after the other (PP-113). Absent: nothing.
   */
  readonly poolKey?: (downstream: ProxyProtocolState | undefined) => string;
  /** Puts a handshake between the header and the payload (TLS). Absent: bytes go as they are. */
  readonly secure?: (handshake: UpstreamHandshake) => void;
  /** What `/certs` tells of it; undefined while secrets are missing. */
  readonly certificates?: () => CertificateReport | undefined;
}

/** An upstream connection that needs a handshake before its payload. Exactly one of the callbacks is called, perhaps at once. */
export interface UpstreamHandshake {
  /** Connected, the header written. A handshake that is given up is told by destroying it. */
  readonly socket: Socket;
  readonly context: UpstreamContext;
  /** What the request asks for; undefined where there is none, or it may not ask. */
  readonly wish: TlsWish | undefined;
  /** With the socket to use, its errors listened to. */
  onSecured(socket: Socket, tls: TlsConnection): void;
  /** In Envoy's words; empty when the other side just went away. */
  onFailure(reason: string): void;
}

/** A downstream connection that needs a handshake before its network filters start. */
export interface DownstreamHandshake {
  /** Paused. A handshake that fails destroys it; there is no other sign of that. */
  readonly socket: Socket;
  /** What has come already; the handshake begins with it. */
  readonly early: Buffer;
  /** The handshake writes what it found out to it. */
  readonly info: ConnectionInfo;
  /** Called at most once, with the socket that the filters are to use: paused, half-open allowed, its errors listened to. */
  onSecured(socket: Socket): void;
}

/** How bytes travel to and from a downstream. */
export interface DownstreamTransportSocket {
  /** Puts a handshake before the network filters. Absent: bytes go as they are. */
  readonly secure?: (handshake: DownstreamHandshake) => void;
  /** What `/certs` tells of it; undefined while secrets are missing. */
  readonly certificates?: () => CertificateReport | undefined;
}

/** Where a request comes from, as an extension found out. */
export type OriginalIp =
  | {
      readonly kind: "detected";
      readonly address: Address;
      /** It may make the request an internal one. */
      readonly isTrusted: boolean;
    }
  | { readonly kind: "unknown" }
  /** The request is answered with this status. */
  | { readonly kind: "reject"; readonly status: number };

/** Finds out the address of the client of a request (PP-73). */
export interface OriginalIpDetection {
  /** `remote`: the connection's. */
  detect(headers: HeaderList, remote: Address): OriginalIp;
  /** Whether the connection's address goes behind `x-forwarded-for` all the same, when this one was the one that told. */
  appendsXff(remote: Address): boolean;
}

/** Makes one extension of a listener, filter chain or cluster; `scope` is the prefix of that one's stats. */
export type Installer<Installed> = (run: RunContext, scope: string) => Installed;

/** Something that a `typed_config` can name. A user's own is one such value, in one file. */
export interface Extension<Installed> {
  /** Full name of the config's message, without `type.googleapis.com/`: extensions are found by it, not by their name (PP-11). */
  readonly typeName: string;
  /**
   * Reads the config, past its field rules. Every field that is set and not supported must become a problem
   * (`unsupportedFields` does it); `path` is where the config stands.
   */
  parse(config: Message, context: ParseContext, path: string): Parsed<Installer<Installed>>;
}

/** What the extensions of each kind are once they run. */
export interface InstalledExtensions {
  readonly listenerFilters: ListenerFilter;
  readonly networkFilters: NetworkFilter;
  readonly upstreamTransportSockets: UpstreamTransportSocket;
  readonly downstreamTransportSockets: DownstreamTransportSocket;
  readonly accessLoggers: AccessLogger;
  readonly httpFilters: HttpFilter;
  /** What `typed_per_filter_config` holds: a filter finds its own again by their class, see `HttpStreamView.routeConfigs`. */
  readonly httpRouteConfigs: object;
  readonly originalIpDetection: OriginalIpDetection;
}

export type ExtensionKind = keyof InstalledExtensions;

/**
 * Everything that `typed_config` can name, as the composition root passes it in: plain lists, nothing registers itself. Of two
 * extensions for one type the later wins, so a user's own can replace a bundled one.
 */
export type ExtensionTable = {
  readonly [Kind in ExtensionKind]: readonly Extension<InstalledExtensions[Kind]>[];
};

/** The extension of a kind for a type, or undefined. */
export function findExtension<Kind extends ExtensionKind>(
  table: ExtensionTable,
  kind: Kind,
  typeName: string,
): Extension<InstalledExtensions[Kind]> | undefined {
  return table[kind].findLast((extension) => extension.typeName === typeName);
}
