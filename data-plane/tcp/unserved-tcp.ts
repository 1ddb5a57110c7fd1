import { ConnectionNote } from "../access-logs/connection-note.ts";
import type { Unserved } from "../resources/extension.ts";
import type { TcpSessionContext } from "./tcp-session.ts";

/** What a tcp_proxy counts and logs of connections that end in a handshake or at another filter; its timers bound handshakes. */
export function unservedTcp({ config, run, counters, logAccess }: TcpSessionContext): Unserved {
  const idleMs = config.idleTimeoutMs || Number.POSITIVE_INFINITY;
  const durationMs = config.maxDurationMs || Number.POSITIVE_INFINITY;
  const isShort = durationMs < idleMs;
  return {
    timeoutMs: Math.min(idleMs, durationMs),
    note(connection, end) {
      counters.downstream_cx_total += 1;
      const subject = { connection, hostname: config.hostname };
      const note = logAccess && new ConnectionNote(logAccess, run.clock, subject, connection.acceptedAtMs);
      if (end === "timeout") {
        counters[isShort ? "max_downstream_connection_duration" : "idle_timeout"] += 1;
        if (isShort) note?.flag("DT");
      }
      if (connection.refusalFlag) note?.flag(connection.refusalFlag);
      note?.write("TcpConnectionEnd");
    },
  };
}
