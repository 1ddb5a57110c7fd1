import type { Socket } from "node:net";
import type { Clock } from "../../src/base/clock.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { ListenerFilter, ListenerFilterReader } from "../resources/extension.ts";

/** How the listener filters of a connection ended. */
export type ListenerFilterEnd =
  /** All are done; these bytes are left for the filter chain. */
  | { readonly kind: "done"; readonly bytes: Buffer }
  /** A filter asked to close; these bytes are consumed by nobody. */
  | { readonly kind: "refused"; readonly bytes: Buffer }
  /** The client ended or broke the connection before they were done (PP-54). */
  | { readonly kind: "remote-close"; readonly bytes: Buffer }
  /** `listener_filters_timeout` passed; these bytes have come and are consumed by nobody. */
  | { readonly kind: "timeout"; readonly bytes: Buffer };

export interface ListenerFilterRun {
  readonly filters: readonly ListenerFilter[];
  /** Paused. */
  readonly socket: Socket;
  readonly info: ConnectionInfo;
  /** What is known of the stream already, as when another listener handed the connection over. */
  readonly early: Buffer;
  /** For all filters together (PP-51); 0 for no limit. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Called once. The socket is paused and has none of this run's listeners. */
  readonly onEnd: (end: ListenerFilterEnd) => void;
}

/**
 * Runs listener filters in order over the beginning of a connection (PP-10). Each sees all bytes that the ones before it left, and
 * takes exactly its own (PP-8).
 */
export function runListenerFilters(run: ListenerFilterRun): void {
  const { filters, socket, info, clock } = run;
  let bytes = run.early;
  let index = 0;
  let reader: ListenerFilterReader | undefined = filters[0]?.open(info);

  /** Lets filters go on until one wants more bytes; true while the run goes on. */
  const step = (): boolean => {
    while (reader) {
      const verdict = reader(bytes);
      if (verdict.kind === "more") return true;
      if (verdict.kind === "close") {
        end({ kind: "refused", bytes });
        return false;
      }
      bytes = bytes.subarray(verdict.consumed);
      index += 1;
      reader = filters[index]?.open(info);
    }
    end({ kind: "done", bytes });
    return false;
  };
  const onData = (chunk: Buffer) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    // A filter that has seen all it may ask for and still wants more gets the timeout, not more memory.
    if (step() && bytes.length >= filters[index]!.readMaxBytes) socket.pause();
  };
  const onRemoteClose = () => end({ kind: "remote-close", bytes });
  let cancelTimer: (() => void) | undefined;
  const end = (result: ListenerFilterEnd) => {
    cancelTimer?.();
    socket.off("data", onData);
    socket.off("end", onRemoteClose);
    socket.off("close", onRemoteClose);
    socket.pause();
    run.onEnd(result);
  };

  if (!step()) return;
  if (run.timeoutMs > 0) cancelTimer = clock.after(run.timeoutMs, () => end({ kind: "timeout", bytes }));
  socket.on("data", onData);
  socket.on("end", onRemoteClose);
  socket.on("close", onRemoteClose);
  socket.resume();
}
