import type { MessageTypes } from "../../src/schema/api.ts";
import type { Http2Limits } from "../http2/http2-limits.ts";
import type { KeepaliveConfig } from "../http2/keepalive.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, oneOf } from "./support.ts";
import { durationMs, wrapped } from "./values.ts";

type Options = MessageTypes["envoy.config.core.v3.Http2ProtocolOptions"];

/** How HTTP/2 is spoken on the connections of a listener or a cluster. */
export interface Http2Config {
  readonly limits: Http2Limits;
  readonly keepalive: KeepaliveConfig | undefined;
}

/** `envoy.config.core.v3.Http2ProtocolOptions`. */
export const http2Support: SupportTable = {
  hpack_table_size: true,
  max_concurrent_streams: true,
  initial_stream_window_size: true,
  initial_connection_window_size: true,
  allow_connect: oneOf(false),
  allow_metadata: oneOf(false),
  max_outbound_frames: true,
  max_outbound_control_frames: true,
  max_consecutive_inbound_frames_with_empty_payload: true,
  max_inbound_priority_frames_per_stream: true,
  max_inbound_window_update_frames_per_data_frame_sent: true,
  stream_error_on_invalid_http_messaging: true,
  override_stream_error_on_invalid_http_message: true,
  connection_keepalive: {
    interval: true,
    timeout: true,
    interval_jitter: true,
    connection_idle_interval: true,
  },
  // Which library frames the bytes, and whether strings are packed, says nothing about what is sent.
  use_oghttp2_codec: noEffect,
  enable_huffman_encoding: noEffect,
  // Metadata is refused with `allow_metadata`.
  max_metadata_size: noEffect,
  max_header_field_size_kb: true,
};

/** The options with Envoy's defaults where they are not set; windows of 16 MiB a stream and 24 MiB a connection. */
export function http2Config(
  options: Options | null | undefined,
  heads: { readonly maxHeaders: number; readonly maxHeadBytes: number },
): Http2Config {
  const resetsStream = wrapped(
    options?.override_stream_error_on_invalid_http_message,
    false,
    options?.stream_error_on_invalid_http_messaging ?? false,
  );
  return {
    limits: {
      hpackTableBytes: wrapped(options?.hpack_table_size, 0, 4096),
      maxConcurrentStreams: wrapped(options?.max_concurrent_streams, 0, 1024),
      streamWindowBytes: wrapped(options?.initial_stream_window_size, 0, 16 << 20),
      connectionWindowBytes: wrapped(options?.initial_connection_window_size, 0, 24 << 20),
      maxOutboundFrames: wrapped(options?.max_outbound_frames, 0, 10_000),
      maxOutboundControlFrames: wrapped(options?.max_outbound_control_frames, 0, 1000),
      maxConsecutiveEmptyFrames: wrapped(options?.max_consecutive_inbound_frames_with_empty_payload, 0, 1),
      maxPriorityFramesPerStream: wrapped(options?.max_inbound_priority_frames_per_stream, 0, 100),
      maxWindowUpdatesPerDataFrame: wrapped(
        options?.max_inbound_window_update_frames_per_data_frame_sent,
        0,
        10,
      ),
      resetsStreamOnInvalidMessage: resetsStream,
      maxFieldBytes: wrapped(options?.max_header_field_size_kb, 0, 64) * 1024,
      ...heads,
    },
    keepalive: keepaliveConfig(options?.connection_keepalive),
  };
}

function keepaliveConfig(keepalive: Options["connection_keepalive"]): KeepaliveConfig | undefined {
  if (!keepalive) return undefined;
  return {
    intervalMs: durationMs(keepalive.interval, 0),
    timeoutMs: durationMs(keepalive.timeout, 0),
    jitter: (keepalive.interval_jitter?.value ?? 15) / 100,
    idleIntervalMs: durationMs(keepalive.connection_idle_interval, 0),
  };
}
