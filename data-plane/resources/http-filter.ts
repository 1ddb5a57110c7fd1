import type { Address } from "../network/address.ts";
import type { ConnectionInfo, MetadataValue } from "../network/connection-info.ts";
import type { FormatSource } from "../network/format-string.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { HttpProtocol, LocalReply, RequestHead, ResponseHead } from "../network/http-message.ts";

/** What becomes of a request behind a filter that has seen its head. */
export type RequestVerdict =
  | { readonly kind: "continue" }
  /**
   * Nothing goes on behind this filter before it calls `resume` or `reply` of its view. It still gets the body, as far as the
   * connection's buffer limit goes; the client has to wait with the rest.
   */
  | { readonly kind: "pause" }
  /** The request is answered with this; no further filter and no upstream sees it. */
  | { readonly kind: "reply"; readonly reply: LocalReply };

export const goOn: RequestVerdict = { kind: "continue" };

/**
 * A filter's work on one request and its answer. Each part is asked for only if it is there; what is not there costs nothing.
 * Requests go through the filters in the order of the configuration, answers in the opposite one, local replies (also those of the
 * filter itself) included.
 */
export interface HttpFilterStream {
  /** May change the head. `isLast`: the request has no body. */
  onRequestHead?(head: RequestHead, isLast: boolean): RequestVerdict;
  /** Gives the bytes that go on in place of these. Who changes their number removes `content-length` from the head. */
  onRequestData?(data: Buffer): Buffer;
  /** The request is whole. May change the trailers, if it has any. What is given goes out behind the body. */
  onRequestEnd?(trailers: HeaderList | undefined): Buffer | undefined;
  /** May change the head of the answer. `isLast`: the answer has no body. */
  onResponseHead?(head: ResponseHead, isLast: boolean): void;
  onResponseData?(data: Buffer): Buffer;
  onResponseEnd?(trailers: HeaderList | undefined): Buffer | undefined;
  /** The request is over, answered or not; called once, before it is logged. What was taken for it must be let go of here. */
  onEnd?(): void;
}

/** One request, as a filter sees it. Good until `onEnd`. */
export interface HttpStreamView {
  /** The connection that the request came on: its addresses as listener filters left them. */
  readonly connection: ConnectionInfo;
  /** Whom everybody takes for the client of this request: `x-forwarded-for` may have told (PP-64 to PP-74). */
  readonly remote: Address;
  /** The request counts as internal. */
  readonly isInternal: boolean;
  readonly protocol: HttpProtocol;
  readonly request: RequestHead;
  /** Of the route that was found; undefined where none was. */
  readonly route: { readonly name: string; readonly virtualHost: string } | undefined;
  /**
   * The configurations of this filter from `typed_per_filter_config` that are of the class, innermost first: weighted cluster, route,
   * virtual host, route configuration. They are what the filter's extension for routes installed.
   */
  routeConfigs<Config extends object>(type: abstract new (...args: never) => Config): readonly Config[];
  /** What format strings read of the request as it stands. */
  formatSource(): FormatSource;
  /** Dynamic metadata of the request, by namespace; undefined when nobody wrote to it. */
  metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined;
  /** Sets fields of a namespace, over those that it has. */
  addMetadata(namespace: string, fields: Readonly<Record<string, MetadataValue>>): void;
  /** Has the upstream see this address as the source of the connection, as `original_src` does. */
  setUpstreamSource(address: Address): void;
  /** Sets a response flag of the access log, in its short form: `RL`, `UAEX`. */
  addResponseFlag(flag: string): void;
  /** The request asks for the health of the proxy: logs may leave it out. */
  markHealthCheck(): void;
  /** Goes on behind this filter, which has paused the request. */
  resume(this: void): void;
  /** Answers the request, at any time before an answer has begun; then it breaks the exchange off. */
  reply(reply: LocalReply): void;
}

/** An HTTP filter of a connection manager. */
export type HttpFilter =
  /** The last of its chain: forwards by the route. */
  | { readonly kind: "router"; readonly suppressesEnvoyHeaders: boolean }
  | {
      readonly kind: "stream";
      /** A request begins. Undefined: this filter has no part in it. */
      open(view: HttpStreamView): HttpFilterStream | undefined;
    };
