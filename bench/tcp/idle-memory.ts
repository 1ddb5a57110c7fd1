import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { usageOf } from "../kit/usage.ts";

/** Enough to make the noise of a heap small; twice as many descriptors on the relay. */
const idleConnections = 4_000;
/** Opened and closed first, so that what every relay makes once is there. */
const warmUpConnections = 500;

/** A server that takes connections and says nothing. */
export interface SilentServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when so many connections have sent something since the last call. */
  arrived(count: number): Promise<void>;
}

export async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let heard = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("data", () => {
      heard += 1;
      server.emit("heard");
    });
    socket.on("error", () => socket.destroy()); // The relay is ended with its connections open.
    socket.on("close", () => sockets.delete(socket));
  }).listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    arrived: async (count) => {
      while (heard < count) await once(server, "heard");
      heard = 0;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Resident memory that one idle connection costs a relay, its upstream connection included, in KiB. */
export async function idleMemory(port: number, pid: number, backend: SilentServer): Promise<number> {
  const warmUp = await open(port, warmUpConnections, backend);
  await closeAll(warmUp);
  const before = usageOf(pid).residentMiB;
  const idle = await open(port, idleConnections, backend);
  const after = usageOf(pid).residentMiB;
  await closeAll(idle);
  return ((after - before) * 1024) / idleConnections;
}

/** Opens connections that send one byte, through the relay, and stay. */
async function open(port: number, count: number, backend: SilentServer): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < count; opened += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => socket.destroy());
    await once(socket, "connect");
    socket.write("x");
    sockets.push(socket);
  }
  const refused = sockets.map((socket) => once(socket, "close"));
  const isWhole = await Promise.race([
    backend.arrived(count).then(() => true),
    ...refused.map((it) => it.then(() => false)),
  ]);
  if (!isWhole) throw new Error("the relay closed a connection that was to stay");
  return sockets;
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => {
      socket.destroy();
      return socket.closed ? undefined : once(socket, "close");
    }),
  );
}
