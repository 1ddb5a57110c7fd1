import { fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { type FromWorker, isFromWorker, type ToWorker } from "./messages.ts";

/** A worker process, as little of it as is needed. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /**
   * `onTaken`: the channel has taken it, or the worker is about to be over. A socket that goes along stays open here too: it
   * is to be destroyed when the worker has it, which does not end the connection.
   */
  send(message: ToWorker, options?: { readonly socket?: Socket; readonly onTaken?: () => void }): void;
  /** Ends it now. */
  kill(): void;
  onMessage(callback: (message: FromWorker) => void): void;
  /** Called once, when it is over: `SIGKILL`, `code 1`. */
  onExit(callback: (how: string) => void): void;
}

/** Starts a worker as a process of its own. It ends by itself when this process does. */
export function forkWorker(): WorkerProcess {
  const program = fileURLToPath(new URL("worker-process.js", import.meta.url));
  // Buffers, maps and sets as they are.
  const child = fork(program, { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return {
    pid: child.pid,
    send(message, { socket, onTaken = () => undefined } = {}) {
      // One that is ending is told by its exit. Node would close a socket when the worker confirms that it came, and leave it open
      // for ever when the worker ends before it does.
      if (child.connected) child.send(message, socket, { keepOpen: true }, () => onTaken());
    },
    kill: () => void child.kill("SIGKILL"),
    onMessage(callback) {
      child.on("message", (message: unknown) => {
        if (isFromWorker(message)) callback(message);
      });
    },
    onExit(callback) {
      // After its exit and all that it said; "disconnect" does not come when it was being given a socket.
      child.once("close", (code, signal) => callback(signal ?? `code ${code}`));
      // It was never started, such as for want of memory.
      child.once("error", (error) => {
        if (child.pid === undefined) callback(error.message);
      });
    },
  };
}
