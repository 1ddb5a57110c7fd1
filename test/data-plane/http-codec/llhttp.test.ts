import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { traceRequests } from "./trace.ts";

/** One request as a parser understood it: what smuggling makes two parsers disagree about. */
interface Understood {
  readonly method: string;
  readonly body: string;
}

/** What Node's llhttp makes of the bytes; undefined when it takes anything in them for an error, or misses something. */
async function askLlhttp(bytes: Buffer): Promise<readonly Understood[] | undefined> {
  const requests: { method: string; body: string; isWhole: boolean }[] = [];
  let isRefused = false;
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const seen = { method: request.method ?? "", body: "", isWhole: false };
    requests.push(seen);
    request.on("data", (data: Buffer) => {
      seen.body += data.toString("latin1");
    });
    request.on("error", () => undefined);
    request.on("end", () => {
      seen.isWhole = true;
      response.end();
    });
  });
  server.on("clientError", () => {
    isRefused = true;
  });
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  server.emit("connection", socket);
  socket.push(bytes);
  // Each turn takes a request, its body or its answer further.
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  await closed;
  const isWhole = !isRefused && requests.every((request) => request.isWhole);
  return isWhole ? requests.map(({ method, body }) => ({ method, body })) : undefined;
}

const host = "Host: a\r\n";
const seeds = [
  `GET /a HTTP/1.1\r\n${host}\r\n`,
  `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`,
  `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `PUT / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: 1\r\n\r\n`,
];
const pieces = [
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "0",
  "1",
  "5",
  "a",
  "\x00",
  "chunked",
  "identity",
];
const headers = [
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "X: y\r\n",
  host,
];

/** One to three changes at random places of one or two requests. */
const mutated = fc
  .tuple(
    fc.array(fc.constantFrom(...seeds), { minLength: 1, maxLength: 2 }),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        removed: fc.nat(2),
        added: fc.constantFrom("", ...pieces, ...headers),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([parts, changes]) =>
    changes.reduce((text, { at, removed, added }) => {
      const place = Math.floor(at * text.length);
      return text.slice(0, place) + added + text.slice(place + removed);
    }, parts.join("")),
  );

describe("the HTTP/1 codec beside llhttp", () => {
  it("sees the same requests with the same bodies wherever both see whole requests", async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(mutated, async (text) => {
        const bytes = Buffer.from(text, "latin1");
        const { messages, error } = traceRequests([bytes]);
        if (error || messages.some(({ isWhole }) => !isWhole)) return;
        const theirs = await askLlhttp(bytes);
        if (theirs === undefined) return;
        compared += 1;
        const ours = messages.map(({ line, body }) => ({
          method: "method" in line ? line.method : "",
          body,
        }));
        assert.deepEqual(ours, theirs);
      }),
      // Bounded by both, so that a slow machine only sees fewer.
      { numRuns: 20_000, interruptAfterTimeLimit: 10_000 },
    );
    assert.ok(compared > 200, `only ${compared} texts were whole requests to both`);
  });
});
