import { connect, type Socket } from "node:net";
import { socketAddress } from "../../base/ip-address.ts";
import type { Observation, Sent } from "./attempt.ts";
import type { Ends } from "./messages.ts";

/** What came back beyond so much tells nothing more. */
const receivedMaxBytes = 4096;

/** How long without more bytes an answer counts as whole. */
const quietMs = 200;

export interface AskOptions {
  readonly host: string;
  readonly port: number;
  /** How long to wait for the connection, and then for an answer. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** Opens one connection, says what `message` gives for its addresses, listens, and closes it. Rejects only by the signal. */
export async function ask(options: AskOptions, message: (ends: Ends) => Sent): Promise<Observation> {
  const { host, port, waitMs, signal } = options;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let sent: Sent | undefined;
    let received: Buffer = Buffer.alloc(0);
    let timer: NodeJS.Timeout;
    const finish = (observation: Observation) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(observation);
    };
    const onAbort = () => {
      clearTimeout(timer);
      socket.destroy();
      reject(signal.reason instanceof Error ? signal.reason : new Error("stopped"));
    };
    const fail = (reason: string) => finish({ kind: "no-connection", reason });
    const end = (ending: "open" | "closed" | "reset") => {
      if (sent) finish({ kind: "connected", sent, received, ending });
      else fail("closed at once");
    };
    const waitFor = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => (sent ? end("open") : fail(`no connection within ${waitMs} ms`)), ms);
    };
    signal.addEventListener("abort", onAbort);
    waitFor(waitMs);
    socket.on("connect", () => {
      const ends = endsOf(socket);
      if (!ends) return fail("the connection has no addresses");
      sent = message(ends);
      socket.write(Buffer.concat([sent.header, sent.payload]));
      waitFor(waitMs);
      return undefined;
    });
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (received.length >= receivedMaxBytes) end("open");
      else waitFor(Math.min(quietMs, waitMs));
    });
    socket.on("end", () => end("closed"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (sent) end("reset");
      else fail(whyNot(error));
    });
  });
}

function endsOf(socket: Socket): Ends | undefined {
  const local = socketAddress(socket.localAddress ?? "", socket.localPort ?? 0);
  const remote = socketAddress(socket.remoteAddress ?? "", socket.remotePort ?? 0);
  return local && remote && { local, remote };
}

function whyNot(error: NodeJS.ErrnoException): string {
  if (error.code === "ECONNREFUSED") return "connection refused";
  if (error.code === "ENOTFOUND") return "there is no such host";
  return error.message || (error.code ?? "no connection");
}
