import type { ConnectionInfo } from "../network/connection-info.ts";
import type { Manager } from "./manager.ts";

/** Calls back once when a connection has lasted for `max_connection_duration`, counted. Gives what calls it off; undefined without a limit. */
export function watchLifetime(
  { config, run, stats }: Manager,
  { acceptedAtMs }: ConnectionInfo,
  onReached: () => void,
): (() => void) | undefined {
  const { maxConnectionDurationMs: limitMs } = config;
  if (limitMs === 0) return undefined;
  return run.clock.after(Math.max(0, acceptedAtMs + limitMs - run.clock.monotonic()), () => {
    stats.counters.downstream_cx_max_duration_reached += 1;
    onReached();
  });
}
