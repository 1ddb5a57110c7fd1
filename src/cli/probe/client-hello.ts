import { once } from "node:events";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect } from "node:tls";

/** The first message of a TLS handshake for a host, as Node.js makes it; no connection is opened for it. */
export async function clientHello(host: string): Promise<Buffer> {
  const written = new Duplex({
    read: () => undefined,
    write(bytes: Buffer, _encoding, done) {
      done();
      written.emit("hello", bytes);
    },
  });
  const hello = once(written, "hello");
  // Names only: RFC 6066 §3 knows no addresses.
  const socket = connect({ socket: written, ...(isIP(host) === 0 && { servername: host }) });
  // It never gets an answer, and that is told here too.
  socket.on("error", () => undefined);
  const [bytes]: Buffer[] = await hello;
  socket.destroy();
  return bytes ?? Buffer.alloc(0);
}
