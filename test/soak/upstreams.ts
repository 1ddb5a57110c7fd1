import { startTcpServer } from "../kit/tcp-server.ts";

export interface SoakUpstream extends AsyncDisposable {
  readonly port: number;
}

/** Resets, closes, answers half, stalls past the route's timeout, answers and closes, answers: by turns. */
export function startFaultyUpstream(): Promise<SoakUpstream> {
  let turn = 0;
  return startTcpServer((socket) => {
    socket.on("data", (): unknown => {
      turn += 1;
      switch (turn % 6) {
        case 0:
          return socket.resetAndDestroy();
        case 1:
          return socket.destroy();
        case 2:
          return socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
        case 3: {
          // Stalls until the route's timeout, then ends.
          const timer = setTimeout(() => socket.destroy(), 3_000);
          socket.on("close", () => clearTimeout(timer));
          return timer;
        }
        case 4:
          return socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
        default:
          return socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      }
    });
  });
}

/** Sends back what comes, the PROXY header included; every fiftieth connection it resets. */
export function startEchoUpstream(): Promise<SoakUpstream> {
  let count = 0;
  return startTcpServer((socket) => {
    count += 1;
    if (count % 50 === 0) socket.resetAndDestroy();
    else socket.pipe(socket);
  });
}
