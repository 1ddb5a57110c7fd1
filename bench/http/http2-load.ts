import { once } from "node:events";
import { connect } from "node:net";
import { http2Stats } from "../../data-plane/http2/codec-stats.ts";
import { Http2Session } from "../../data-plane/http2/session.ts";
import { HeaderList } from "../../data-plane/network/header-list.ts";
import { http2Config } from "../../data-plane/resources/http2-options.ts";
import { StatsStore } from "../../data-plane/stats/stats-store.ts";

/**
 * A process of its own: keeps so many streams of one HTTP/2 connection busy for so long, and prints how many requests were answered.
 * `node http2-load.js PORT STREAMS SECONDS`
 *
 * It speaks through the data plane's own framing, since Node's takes more processor time than the gateways that are measured.
 */
const [port = 0, streams = 0, seconds = 0] = process.argv.slice(2).map(Number);
const head = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "load"];
const none = new HeaderList();
const nothing = () => undefined;
const end = performance.now() + seconds * 1000;
let answered = 0;
let failed = 0;
let open = 0;

const socket = connect({ port, host: "127.0.0.1", noDelay: true });
await once(socket, "connect");
const session = new Http2Session({
  role: "client",
  limits: http2Config(undefined, { maxHeaders: 100, maxHeadBytes: 60 * 1024 }).limits,
  bufferLimitBytes: 1 << 20,
  stats: http2Stats(new StatsStore(), "http2"),
  transport: socket,
  events: {
    onRequest: nothing,
    onBadRequest: nothing,
    onGoAway: nothing,
    onMaxStreams: nothing,
    onFrame: nothing,
    onStreamEnd: nothing,
    onFail: ({ reason }) => socket.destroy(new Error(reason)),
  },
  monotonic: () => performance.now(),
  onWritten: nothing,
});
socket.on("data", (bytes: Buffer) => session.receive(bytes));
socket.on("drain", () => session.onDrain());
session.start();

const sink = {
  onHead(status: number) {
    if (status !== 200) failed += 1;
  },
  onData: nothing,
  onEnd() {
    answered += 1;
    over();
  },
  onReset() {
    failed += 1;
    over();
  },
  onDrain: nothing,
};

function ask(): void {
  open += 1;
  const stream = session.open();
  stream.sink = sink;
  stream.sendHead(head, none, true);
}

function over(): void {
  open -= 1;
  if (performance.now() < end) return ask();
  if (open > 0) return;
  console.log(JSON.stringify({ answered, failed }));
  socket.destroy();
}

for (let count = 0; count < streams; count += 1) ask();
