import type { Place } from "../../base/problem.ts";

/** What a hop does with addresses, as its configuration says it; places are where that is written. */
export interface HopSettings {
  /** What a person calls it: its group, or its listener. */
  readonly name: string;
  readonly listener: string;
  readonly place?: Place;
  /** False when strangers get nowhere: it listens on loopback only, or asks who is really connected. */
  readonly isOpen: boolean;
  /** In the order that they run in. */
  readonly listenerFilters: readonly ListenerFilterSettings[];
  /** Ways through it, in the order of the text: one for each filter chain and cluster. */
  readonly ways: readonly Way[];
}

export type ListenerFilterSettings =
  | {
      readonly kind: "proxy-protocol";
      readonly isOptional: boolean;
      readonly disallowed: readonly string[];
      readonly place?: Place;
    }
  | { readonly kind: "original-src"; readonly place?: Place };

/** One filter chain, and one cluster that it leads to. */
export interface Way {
  readonly isTls: boolean;
  /** Who must be connected, and whom the header must name, for the chain to be chosen; empty: anybody. */
  readonly directRanges: readonly Range[];
  readonly sourceRanges: readonly Range[];
  readonly filter: TcpSettings | HttpSettings;
  readonly cluster: ClusterSettings;
  /** What is configured here that the model does not follow. */
  readonly unfollowed: readonly Unfollowed[];
}

/** A setting that may change what the model predicts. */
export interface Unfollowed {
  readonly message: string;
  readonly place?: Place;
}

export interface Range {
  readonly address: string;
  readonly bits: number;
}

export interface TcpSettings {
  readonly kind: "tcp";
  readonly place?: Place;
}

export interface HttpSettings {
  readonly kind: "http";
  readonly place?: Place;
  /** The fields as they are set; where they are not, the place is that of the connection manager. */
  readonly usesRemoteAddress: boolean;
  readonly usesRemoteAddressAt?: Place;
  readonly trustedHops: number;
  readonly trustedHopsAt?: Place;
  readonly skipsAppend: boolean;
  readonly skipsAppendAt?: Place;
  readonly detections: readonly Detection[];
  readonly detectionsAt?: Place;
  /** The HTTP filter original_src. */
  readonly originalSrc?: { readonly place?: Place };
}

/** `original_ip_detection_extensions`. */
export type Detection =
  | {
      readonly kind: "xff";
      readonly hops: number;
      readonly cidrs?: readonly Range[];
      readonly skipsAppend: boolean;
    }
  | { readonly kind: "custom-header"; readonly name: string; readonly rejects: boolean }
  | { readonly kind: "other"; readonly typeName: string };

export interface ClusterSettings {
  readonly name: string;
  readonly place?: Place;
  /** `host:port` of its endpoints, where they are known. */
  readonly endpoints: readonly string[];
  /** The upstream_proxy_protocol transport socket. */
  readonly header?: { readonly version: "V1" | "V2"; readonly place?: Place };
  /** `transport_socket`, or the cluster where there is none. */
  readonly socketAt?: Place;
  /** `upstream_bind_config`. */
  readonly source?: string;
}
