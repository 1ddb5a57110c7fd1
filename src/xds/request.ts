import type { Node } from "../snapshot/node.ts";

/** A google.rpc.Status: why a client refused a response. */
export interface ErrorDetail {
  readonly code: number;
  readonly message: string;
}

interface CommonRequest {
  /** Empty when the message had none. */
  readonly typeUrl: string;
  /** Empty when the message had none. */
  readonly responseNonce: string;
  /** Present exactly when the message refuses a response (XDS-48). */
  readonly errorDetail?: ErrorDetail;
  /** Only asked for, and given, in the first message of a stream (XDS-13). */
  readonly node?: Node;
  /** In any message that states a node: to notice another one (XDS-15). */
  readonly nodeId?: string;
}

/** `envoy.service.discovery.v3.DiscoveryRequest`, the parts that count. */
export interface SotwRequest extends CommonRequest {
  readonly kind: "sotw";
  readonly versionInfo: string;
  readonly names: NameList;
}

/** A list of names that need not be decoded when it is known what its bytes mean. */
export interface NameList {
  /** Equal bytes are equal lists; shares the memory of the request. */
  readonly encoded: Buffer;
  decode(): readonly string[];
}

/** `envoy.service.discovery.v3.DeltaDiscoveryRequest`, the parts that count. */
export interface DeltaRequest extends CommonRequest {
  readonly kind: "delta";
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Name to version; empty on all but the first message of a type. */
  readonly initialResourceVersions: ReadonlyMap<string, string>;
}

/** A request of either kind. */
export type Request = SotwRequest | DeltaRequest;
