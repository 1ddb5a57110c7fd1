import { status } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.ts";

interface EndableStream {
  end(code: status, reason: string): void;
}

/** Ends streams one after the other, evenly over `drainMs`, so that clients do not all come back at once (XDS-134). */
export async function drainStreams(
  streams: Iterable<EndableStream>,
  drainMs: number,
  clock: Clock,
): Promise<void> {
  const open = [...streams];
  const pauseMs = open.length > 1 ? drainMs / (open.length - 1) : 0;
  const startedAt = clock.monotonic();
  for (const [index, stream] of open.entries()) {
    const waitMs = startedAt + index * pauseMs - clock.monotonic();
    // Pauses too short for a timer are made up for by the next one.
    if (waitMs >= 1) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    stream.end(status.UNAVAILABLE, "the server is shutting down");
  }
}
