import type { StatsStore } from "../stats/stats-store.ts";

const counters = [
  "cookies_total_bytes_too_large",
  "dropped_headers_with_underscores",
  "goaway_sent",
  "header_list_size_too_large",
  "header_overflow",
  "headers_cb_no_stream",
  "inbound_empty_frames_flood",
  "inbound_priority_frames_flood",
  "inbound_window_update_frames_flood",
  "keepalive_timeout",
  "metadata_empty_frames",
  "outbound_control_flood",
  "outbound_flood",
  "requests_rejected_with_underscores_in_headers",
  "rx_messaging_error",
  "rx_reset",
  "stream_refused_errors",
  "trailers",
  "tx_flush_timeout",
  "tx_reset",
] as const;

const gauges = [
  "deferred_stream_close",
  "outbound_control_frames_active",
  "outbound_frames_active",
  "pending_send_bytes",
  "streams_active",
] as const;

export type Http2Stats = ReturnType<typeof http2Stats>;

/** The statistics of the codec: under `http2.` for clients, under `cluster.<name>.http2.` for upstreams. */
export function http2Stats(stats: StatsStore, scope: string) {
  return { counters: stats.counters(scope, counters), gauges: stats.gauges(scope, gauges) };
}
