import type { Socket } from "node:net";
import { type FromWorker, isToWorker, type ToWorker } from "./messages.ts";

/** The main process as a worker has it. */
export interface MainLink {
  /** `onTaken`: the channel has taken it, or there is nobody left who would. */
  send(message: FromWorker, onTaken?: () => void): void;
  /** Gives what the main process sends from now on; the socket is absent when its client has left already. */
  onMessage(callback: (message: ToWorker, socket: Socket | undefined) => void): void;
}

/** The parts of `process` in a worker that make the link. */
type WorkerSide = Pick<NodeJS.Process, "send" | "on" | "connected">;

/** The link over the channel that `forkWorker` has made. `onLost`: the main process is gone, in whatever manner. */
export function mainLink(side: WorkerSide, onLost: () => void): MainLink {
  side.on("disconnect", onLost);
  return {
    send(message, onTaken = () => undefined) {
      // Without the main process there is nobody to tell; `onLost` ends this one.
      if (!side.connected) return onTaken();
      side.send?.(message, undefined, {}, () => onTaken());
    },
    onMessage(callback) {
      side.on("message", (message: unknown, socket: unknown) => {
        if (isToWorker(message)) callback(message, isSocket(socket) ? socket : undefined);
      });
    },
  };
}

function isSocket(handle: unknown): handle is Socket {
  return typeof handle === "object" && handle !== null && "remoteAddress" in handle;
}
