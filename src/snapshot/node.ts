import type { Message } from "../schema/message.ts";

/** Who a client says it is: the parts of `envoy.config.core.v3.Node` that Chancery looks at. */
export interface Node {
  readonly id: string;
  /** The name of the cluster of proxies that it belongs to; empty when it states none. */
  readonly cluster: string;
  readonly locality: { readonly region: string; readonly zone: string; readonly sub_zone: string };
  /** A google.protobuf.Struct as decoded message (`{fields: {…}}`); absent when it states none. */
  readonly metadata?: Message;
  /** `envoy`, `gRPC Go`, …; empty when it states none. */
  readonly userAgentName: string;
  /** `1.40.0`, from either form of the field; empty when it states none. */
  readonly userAgentVersion: string;
  /** Abilities by name, as gRPC clients state them (XDS-17). */
  readonly clientFeatures: readonly string[];
}
