import type { Unserved } from "../resources/extension.ts";
import type { Manager } from "./manager.ts";

/** What a connection manager counts of connections that end in a handshake or at another filter; its timers bound handshakes. */
export function unservedHttp({ config, run, stats }: Manager): Unserved {
  const { counters, histograms } = stats;
  const idleMs = config.idleTimeoutMs || Number.POSITIVE_INFINITY;
  const durationMs = config.maxConnectionDurationMs || Number.POSITIVE_INFINITY;
  return {
    timeoutMs: Math.min(idleMs, durationMs),
    note({ acceptedAtMs }, end, isSecured) {
      counters.downstream_cx_total += 1;
      if (isSecured) counters.downstream_cx_ssl_total += 1;
      counters.downstream_cx_destroy += 1;
      counters[end === "remote" ? "downstream_cx_destroy_remote" : "downstream_cx_destroy_local"] += 1;
      if (end === "timeout") {
        counters[durationMs < idleMs ? "downstream_cx_max_duration_reached" : "downstream_cx_idle_timeout"] +=
          1;
      }
      histograms.downstream_cx_length_ms.record(run.clock.monotonic() - acceptedAtMs);
    },
  };
}
