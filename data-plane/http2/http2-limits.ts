import type { InboundLimits } from "./inbound-limits.ts";

/** `envoy.config.core.v3.Http2ProtocolOptions`, and the limits of the message heads. */
export interface Http2Limits extends InboundLimits {
  readonly hpackTableBytes: number;
  readonly maxConcurrentStreams: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  readonly maxOutboundFrames: number;
  readonly maxOutboundControlFrames: number;
  /** False: what is no HTTP ends the whole connection. */
  readonly resetsStreamOnInvalidMessage: boolean;
  /** The longest name or value of a header; beyond it the connection ends. */
  readonly maxFieldBytes: number;
  readonly maxHeaders: number;
  readonly maxHeadBytes: number;
}
