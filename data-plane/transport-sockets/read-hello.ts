import type { Socket } from "node:net";
import type { ClientHello } from "../network/client-hello.ts";
import { readClientHello } from "../network/client-hello.ts";

/**
 * Reads a connection up to the end of its ClientHello, or until it cannot become one. Calls back once with the hello, if it is one, and
 * all that came, which is to be handled still; the socket is paused then. A client that ends before that is not told of: its
 * connection is closed. `early`: what has come already, the whole hello where a listener filter looked for one.
 */
export function readHello(
  socket: Socket,
  early: Buffer,
  onHello: (hello: ClientHello | undefined, bytes: Buffer) => void,
): void {
  let bytes = early;
  const isRead = (): boolean => {
    const verdict = readClientHello(bytes);
    if (verdict.kind === "more") return false;
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.pause();
    onHello(verdict.kind === "hello" ? verdict.hello : undefined, bytes);
    return true;
  };
  const onData = (chunk: Buffer) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    isRead();
  };
  const onEnd = () => socket.destroy();
  if (isRead()) return;
  socket.on("data", onData);
  socket.on("end", onEnd);
  socket.resume();
}
