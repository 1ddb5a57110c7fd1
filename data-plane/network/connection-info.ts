import type { SocketAddress } from "../../src/base/ip-address.ts";
import type { Address } from "./address.ts";
import { isSameAddress } from "./address.ts";
import type { ProxyAddresses, Tlv } from "../proxy-protocol/header.ts";
import type { ResponseFlag } from "./format/response-flags.ts";
import type { TlsConnection } from "./tls-connection.ts";

/**
 * What a received PROXY header left for the upstream writer: Envoy's filter state `envoy.network.proxy_protocol_options` (PP-63).
 */
export interface ProxyProtocolState {
  /** Absent when there is no pair of IP addresses to tell, as on a unix socket: LOCAL or `PROXY UNKNOWN` is sent. */
  readonly addresses?: ProxyAddresses;
  /** The TLVs that the listener filter's `pass_through_tlvs` kept, in order of arrival. */
  readonly tlvs: readonly Tlv[];
}

/** Something that filters share under a name for the life of a connection, as far as format strings can read it. */
export interface FilterStateObject {
  /** `%FILTER_STATE(name)%`; undefined reads `-`. */
  serialize(): string | undefined;
  /** `%FILTER_STATE(name:FIELD:field)%`. */
  field(name: string): string | undefined;
}

/** A value of dynamic metadata, as in google.protobuf.Struct. */
export type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [key: string]: MetadataValue };

/**
 * What is known about one downstream connection: Envoy's stream info. Listener filters write to it before a filter chain is
 * chosen; after that the addresses do not change.
 */
export class ConnectionInfo {
  /** Counts from 1 over the process: `%CONNECTION_ID%`. */
  readonly id: number;
  /** Of the listener that accepted it: `%LISTENER_NAME%`. */
  listenerName = "";
  /** Of the filter chain that was chosen, empty before: `%FILTER_CHAIN_NAME%`. */
  filterChainName = "";
  /** When it was accepted, on the monotonic clock. */
  acceptedAtMs = 0;
  /** The physical peer (PP-57). */
  readonly directRemote: Address;
  /** The local end of the accepted socket. */
  readonly directLocal: Address;
  /** Whom everybody takes for the client: the physical peer until a listener filter restores another (PP-56). */
  remote: Address;
  /** Whom the client wanted to reach; see `restoreLocal`. */
  local: Address;
  /** True once `local` has been replaced by one that differs from the socket's own (PP-58). */
  isLocalRestored = false;
  /** The name of TLS SNI in lower case, as `tls_inspector` found it; empty without one. */
  serverName = "";
  /** `tls` when `tls_inspector` found a ClientHello; `raw_buffer` when no listener filter says otherwise, as in Envoy. */
  transportProtocol: "raw_buffer" | "tls" = "raw_buffer";
  /** What the client offers by ALPN, or what `http_inspector` detected; empty when nothing looked or found. */
  applicationProtocols: readonly string[] = [];
  /** JA3 of the ClientHello, 32 hex digits: `%TLS_JA3_FINGERPRINT%`. */
  ja3Hash: string | undefined;
  /** JA4 of the ClientHello: `%TLS_JA4_FINGERPRINT%`. */
  ja4Hash: string | undefined;
  /** Whom upstream connections are to come from: set by `original_src`, as the client stood when it ran (PP-75). */
  originalSource: SocketAddress | undefined;
  /** Set by the first PROXY header of the connection only (PP-9). */
  proxyProtocol: ProxyProtocolState | undefined;
  /** Set by a transport socket of TLS, before the network filters start. */
  tls: TlsConnection | undefined;
  /** Why a network filter ended the connection: `%CONNECTION_TERMINATION_DETAILS%`. */
  terminationDetails: string | undefined;
  /** The response flag that a network filter gave the connection when it ended it. */
  refusalFlag: ResponseFlag | undefined;
  #dynamicMetadata: Map<string, Record<string, MetadataValue>> | undefined;
  #filterState: Map<string, FilterStateObject> | undefined;

  constructor(id: number, directRemote: Address, directLocal: Address) {
    this.id = id;
    this.directRemote = directRemote;
    this.directLocal = directLocal;
    this.remote = directRemote;
    this.local = directLocal;
  }

  /** Takes the destination that a listener filter learned. The socket's own address is no restoration (PP-58). */
  restoreLocal(local: Address): void {
    if (!this.isLocalRestored && isSameAddress(local, this.local)) return;
    this.local = local;
    this.isLocalRestored = true;
  }

  /** Dynamic metadata of a namespace, to read; undefined when nobody wrote to it. */
  metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined {
    return this.#dynamicMetadata?.get(namespace);
  }

  /** Stores a value unless the key has one: of one key the first value stays (PP-84). */
  addMetadata(namespace: string, key: string, value: MetadataValue): void {
    this.#dynamicMetadata ??= new Map();
    const fields = this.#dynamicMetadata.get(namespace) ?? {};
    this.#dynamicMetadata.set(namespace, Object.hasOwn(fields, key) ? fields : { ...fields, [key]: value });
  }

  /** The object that filters share under `name`. */
  filterState(name: string): FilterStateObject | undefined {
    return this.#filterState?.get(name);
  }

  setFilterState(name: string, object: FilterStateObject): void {
    this.#filterState ??= new Map();
    this.#filterState.set(name, object);
  }
}

/**
 * The addresses as they stand, for a PROXY header, when they are a pair of one family. A unix socket has none to tell, and a mixed
 * pair must never be written (catalogue, section Q).
 */
export function ownAddresses({
  remote,
  local,
}: Pick<ConnectionInfo, "remote" | "local">): ProxyAddresses | undefined {
  if (remote.family === "pipe" || local.family === "pipe" || remote.family !== local.family) return undefined;
  return { source: remote, destination: local };
}
