import cluster from "node:cluster";
import process from "node:process";
import { isFromWorker, isToWorker } from "./messages.ts";
import type { ParentLink } from "./run-worker.ts";
import type { WorkerProcess } from "./worker-pool.ts";

/**
 * Starts this program again, with its arguments, as a worker. Node's cluster has the parent accept and deal out connections in turn:
 * that costs a message for each, and in return no worker sits idle while another has all, and none waits at one that is busy.
 */
export function forkWorker(): WorkerProcess {
  // Buffers and maps as they are.
  cluster.setupPrimary({ serialization: "advanced" });
  const worker = cluster.fork();
  return {
    pid: worker.process.pid,
    send(message) {
      // One that is ending is told by its exit.
      if (worker.isConnected()) worker.send(message, () => undefined);
    },
    kill: (signal) => void worker.process.kill(signal),
    onMessage(callback) {
      worker.on("message", (message: unknown) => {
        if (isFromWorker(message)) callback(message);
      });
    },
    onExit(callback) {
      worker.once("exit", (code: number | null, signal: string | null) => {
        callback(signal ?? `code ${code}`);
      });
    },
  };
}

/** True in a process that `forkWorker` started. */
export function isWorkerProcess(): boolean {
  return cluster.isWorker;
}

/** The way from a worker to its parent. `onLost`: the parent is gone. As long as it is open the process stays alive. */
export function parentLink(onLost: () => void): ParentLink & { close(): void } {
  process.once("disconnect", onLost);
  return {
    send: (message) => void process.send?.(message),
    onMessage(callback) {
      process.on("message", (message: unknown) => {
        if (isToWorker(message)) callback(message);
      });
    },
    close() {
      process.off("disconnect", onLost);
      process.disconnect();
    },
  };
}
