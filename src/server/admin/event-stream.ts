import type { Clock } from "../../base/clock.ts";
import type { EventLog, LoggedEvent } from "../event-log.ts";

/** A comment line as often as this keeps proxies from closing a quiet stream. */
const heartbeatMs = 15_000;

/**
 * The events as Server-Sent Events (WHATWG HTML, 9.2), from the one after `afterId` on. The body is pulled: a client
 * that does not read costs one event.
 */
export function eventStream(
  events: EventLog,
  afterId: number,
  clock: Clock,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const ended = new AbortController();
  const end = () => ended.abort();
  signal.addEventListener("abort", end, { once: true });
  const followed = events.follow(afterId, ended.signal);
  let next: Promise<IteratorResult<LoggedEvent, void>> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(Buffer.from(": events of this control plane\n\n")),
      pull: async (controller) => {
        next ??= followed.next();
        let cancel: (() => void) | undefined;
        const heartbeat = new Promise<undefined>((resolve) => {
          cancel = clock.after(heartbeatMs, () => resolve(undefined));
        });
        const result = await Promise.race([next, heartbeat]);
        cancel?.();
        if (result === undefined) {
          controller.enqueue(Buffer.from(": still here\n\n"));
          return;
        }
        next = undefined;
        if (result.done) {
          signal.removeEventListener("abort", end);
          controller.close();
        } else controller.enqueue(Buffer.from(formatEvent(result.value)));
      },
      cancel: () => {
        signal.removeEventListener("abort", end);
        end();
      },
    },
    { highWaterMark: 1 },
  );
}

/** `data` is one line: JSON has no line breaks. */
function formatEvent({ id, atMs, kind, data }: LoggedEvent): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ atMs, ...data })}\n\n`;
}
