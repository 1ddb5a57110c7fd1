import { connect } from "node:net";

/**
 * A process of its own: sends requests at an even rate on kept-alive connections for so long, and prints the latencies. What waits for
 * a free connection waits from when it was due, so that a gateway that stalls is not asked less (coordinated omission).
 * `node paced-load.js PORT RATE CONNECTIONS SECONDS`
 */
const [port = 0, rate = 0, connections = 0, seconds = 0] = process.argv.slice(2).map(Number);
const request = "GET / HTTP/1.1\r\nhost: load\r\n\r\n";
const idle: Lane[] = [];
const due: number[] = [];
const latencies: number[] = [];
let failed = 0;
let asked = 0;

interface Lane {
  ask(dueAt: number): void;
}

for (let count = 0; count < connections; count += 1) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let dueAt = 0;
  let text = "";
  const lane: Lane = {
    ask(at) {
      dueAt = at;
      socket.write(request);
    },
  };
  socket.setEncoding("latin1");
  socket.on("connect", () => idle.push(lane));
  socket.on("data", (chunk: string) => {
    text += chunk;
    const body = text.indexOf("\r\n\r\n");
    if (body < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
    if (text.length < body + 4 + length) return;
    if (!text.startsWith("HTTP/1.1 200")) failed += 1;
    text = "";
    latencies.push(performance.now() - dueAt);
    const next = due.shift();
    if (next === undefined) idle.push(lane);
    else lane.ask(next);
  });
}

const start = performance.now();
const total = rate * seconds;
const timer = setInterval(() => {
  const now = performance.now();
  while (asked < total && start + (asked * 1000) / rate <= now) {
    const at = start + (asked * 1000) / rate;
    asked += 1;
    const lane = idle.pop();
    if (lane) lane.ask(at);
    else due.push(at);
  }
  if (latencies.length < total && now - start < seconds * 4000) return;
  clearInterval(timer);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)];
  console.log(JSON.stringify({ answered: latencies.length, asked, failed, p50: at(0.5), p99: at(0.99) }));
  process.exit(0);
}, 1);
