import type { Socket } from "node:net";
import type { Clock } from "../../src/base/clock.ts";
import type { Message } from "../../src/schema/message.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { UpstreamContext, Upstreams } from "../network/upstream.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { Parsed } from "./parsed.ts";

/** The part of `Schema` that reading a resource needs. */
export interface SchemaReader {
  decode(typeName: string, bytes: Uint8Array): Message;
  checkRules(
    typeName: string,
    message: Message,
  ): readonly { readonly path: string; readonly message: string }[];
}

/** Boolean runtime features of the bootstrap's `layered_runtime`, with Envoy's keys and defaults. */
export type RuntimeFeatures = (key: string, fallback: boolean) => boolean;

/** What reading a configuration may look at. Nothing here opens, resolves or counts anything. */
export interface ParseContext {
  readonly schema: SchemaReader;
  readonly extensions: ExtensionTable;
  readonly runtime: RuntimeFeatures;
}

/** What a running extension may use. */
export interface RunContext {
  readonly stats: StatsStore;
  readonly upstreams: Upstreams;
  readonly clock: Clock;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

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

/** A downstream connection whose filter chain is chosen. The terminal filter owns the socket. */
export interface DownstreamConnection {
  readonly info: ConnectionInfo;
  /** Paused, half-open allowed. Its `error` and `close` events must be listened to by the terminal filter. */
  readonly socket: Socket;
  /** Bytes that arrived behind what the listener filters consumed; to be handled before those of the socket. */
  readonly early: Buffer;
}

/** A network filter of one filter chain. */
export type NetworkFilter =
  /** Decides at the start whether the connection goes on. */
  | { readonly kind: "gate"; admit(connection: ConnectionInfo): "continue" | "close" }
  /** The last of its chain: does the work. */
  | { readonly kind: "terminal"; serve(connection: DownstreamConnection): void };

/** How bytes travel to an upstream. */
export interface UpstreamTransportSocket {
  /** Bytes that go out in clear when the connection is up, before all others (PP-89); undefined for none. */
  header(context: UpstreamContext): Buffer | undefined;
  /** Puts a handshake between the header and the payload (TLS): gives the socket to use. Absent: bytes go as they are. */
  readonly secure?: (socket: Socket, context: UpstreamContext) => Socket;
}

/** How bytes travel to and from a downstream. */
export interface DownstreamTransportSocket {
  /** Puts a handshake before the network filters. Absent: bytes go as they are. */
  readonly secure?: (socket: Socket, early: Buffer, info: ConnectionInfo) => Socket;
}

interface ExtensionOf<Category extends string, Installed> {
  readonly category: Category;
  /** Full name of the config's message, without `type.googleapis.com/`: extensions are found by it, not by their name (PP-11). */
  readonly typeName: string;
  /**
   * Reads the config, past its field rules. Every field that is set and not supported must become a problem; `path` is
   * where the config stands. The value installs the extension once for each listener, filter chain or cluster that names it.
   */
  parse(
    config: Message,
    context: ParseContext,
    path: string,
  ): Parsed<(run: RunContext, scope: string) => Installed>;
}

export type ListenerFilterExtension = ExtensionOf<"envoy.filters.listener", ListenerFilter>;
export type NetworkFilterExtension = ExtensionOf<"envoy.filters.network", NetworkFilter>;
export type UpstreamTransportSocketExtension = ExtensionOf<
  "envoy.transport_sockets.upstream",
  UpstreamTransportSocket
>;
export type DownstreamTransportSocketExtension = ExtensionOf<
  "envoy.transport_sockets.downstream",
  DownstreamTransportSocket
>;

export type Extension =
  | ListenerFilterExtension
  | NetworkFilterExtension
  | UpstreamTransportSocketExtension
  | DownstreamTransportSocketExtension;

export type ExtensionCategory = Extension["category"];

/**
 * Everything that `typed_config` can name, as the composition root passes it in: a plain list, nothing registers itself. Of two
 * extensions for one category and type the later wins, so a user's own can replace a bundled one.
 */
export type ExtensionTable = readonly Extension[];

/** The extension of a category for a type, or undefined. */
export function findExtension<Category extends ExtensionCategory>(
  table: ExtensionTable,
  category: Category,
  typeName: string,
): Extract<Extension, { category: Category }> | undefined {
  return table.findLast(
    (extension): extension is Extract<Extension, { category: Category }> =>
      extension.category === category && extension.typeName === typeName,
  );
}
