import { Duplex } from "node:stream";

/** A stream over another one that cuts and changes what is written; each piece is a write of its own. */
export function overlay(below: Duplex, cut: (bytes: Buffer, isFirst: boolean) => readonly Buffer[]): Duplex {
  let isFirst = true;
  const channel = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _encoding, done) => {
      for (const piece of cut(bytes, isFirst)) below.write(piece);
      isFirst = false;
      done();
    },
    destroy: (error, done) => {
      below.destroy();
      done(error);
    },
  });
  below.on("data", (bytes) => channel.push(bytes));
  below.on("end", () => channel.push(null));
  below.on("error", () => undefined); // The end of the stream tells.
  below.on("close", () => channel.destroy());
  return channel;
}
