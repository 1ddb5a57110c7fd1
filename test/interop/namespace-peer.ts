import { createServer, connect } from "node:net";

/**
 * The two ends of a test network, as programs of their own: `upstream PORT` answers whoever connects with the peer's address, in HTTP if
 * it is asked in HTTP; `client HOST PORT TEXT` sends the text and prints what comes back until the end.
 */
function main([role, ...args]: readonly string[]): void {
  if (role === "upstream") serve(Number(args[0]));
  else send(args[0] ?? "", Number(args[1]), args[2] ?? "");
}

function serve(port: number): void {
  const server = createServer((socket) => {
    const peer = (socket.remoteAddress ?? "").replace("::ffff:", "");
    // A client that breaks off is no fault of the upstream.
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const body = `peer ${peer}\n`;
      const isHttp = bytes.includes("HTTP/1.1");
      socket.write(isHttp ? `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}` : body);
      if (!isHttp) socket.end();
    });
  });
  server.listen(port, "::", () => process.stdout.write("listening\n"));
}

function send(host: string, port: number, text: string): void {
  const socket = connect(port, host, () => socket.write(text.replaceAll("\\n", "\r\n")));
  socket.on("error", (error) => process.stdout.write(`broken: ${error.message}\n`));
  socket.on("data", (bytes) => process.stdout.write(bytes));
}

main(process.argv.slice(2));
