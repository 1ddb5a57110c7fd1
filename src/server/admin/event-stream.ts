import type { Clock } from "../../base/clock.ts";
import type { EventLog, LoggedEvent } from "../event-log.ts";

/** A comment line as often as this keeps proxies from closing a quiet stream. */
const heartbeatMs = 15_000;

export interface EventStreamOptions {
  readonly events: EventLog;
  /** The stream begins with the event after this id. */
  readonly afterId: number;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Called once, when the stream has ended or its client has gone. */
  readonly onEnd: () => void;
}

/**
 * Events as Server-Sent Events (WHATWG HTML, 9.2). The body is pulled: a client that does not read costs one event.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { events, afterId, clock, signal, onEnd } = options;
  const gone = new AbortController();
  const leave = () => gone.abort();
  signal.addEventListener("abort", leave, { once: true });
  gone.signal.addEventListener(
    "abort",
    () => {
      signal.removeEventListener("abort", leave);
      onEnd();
    },
    { once: true },
  );
  if (signal.aborted) leave();
  const followed = events.follow(afterId, gone.signal);
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
        if (!result.done) controller.enqueue(Buffer.from(formatEvent(result.value)));
        else if (signal.aborted) controller.close();
      },
      cancel: leave,
    },
    { highWaterMark: 1 },
  );
}

/** `data` is one line: JSON has no line breaks. */
function formatEvent({ id, atMs, kind, data }: LoggedEvent): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ atMs, ...data })}\n\n`;
}
