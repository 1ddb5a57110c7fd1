import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { byByte, traceResponses } from "./trace.ts";

const ok = "HTTP/1.1 200 OK\r\n";

interface Row {
  readonly name: string;
  readonly text: string;
  readonly body?: string;
  readonly status?: number;
  readonly isBad?: true;
  readonly isCut?: true;
}

const table: readonly Row[] = [
  { name: "a length", text: `${ok}Content-Length: 3\r\n\r\nabc`, body: "abc" },
  { name: "no length: to the end of the connection", text: `${ok}\r\nabc`, body: "abc" },
  { name: "chunks", text: `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, body: "abc" },
  { name: "204 without a body", text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, body: "" },
  {
    name: "304 with a length",
    text: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    status: 304,
    body: "",
  },
  { name: "no phrase", text: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", body: "" },
  { name: "HTTP/1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", body: "abc" },
  {
    name: "an interim response first",
    text: `HTTP/1.1 103 Early\r\nLink: a\r\n\r\n${ok}Content-Length: 1\r\n\r\na`,
    body: "a",
  },
  {
    name: "101: what follows is no HTTP",
    text: "HTTP/1.1 101 S\r\n\r\nabc\r\n\r\n",
    status: 101,
    body: "abc\r\n\r\n",
  },
  { name: "a body cut short", text: `${ok}Content-Length: 10\r\n\r\nabc`, body: "abc", isCut: true },
  { name: "another protocol", text: "HTTX/1.1 200 X\r\n\r\n", isBad: true },
  {
    name: "a length and chunks",
    text: `${ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    isBad: true,
  },
  { name: "two lengths", text: `${ok}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, isBad: true },
  { name: "a bad name", text: `${ok}X(y: 1\r\n\r\n`, isBad: true },
];

describe("the HTTP/1 codec on responses", () => {
  for (const { name, text, body, status = 200, isBad = false, isCut = false } of table) {
    it(`${isBad ? "refuses" : "reads"} ${name}`, () => {
      const bytes = Buffer.from(text);
      const trace = traceResponses([bytes]);
      assert.deepEqual(traceResponses(byByte(bytes)), trace, "one byte at a time");
      assert.equal(trace.error !== undefined, isBad);
      if (isBad) return;
      assert.equal(trace.endsWell, !isCut);
      const last = trace.messages.at(-1);
      assert.deepEqual(last?.line, { status, isOld: text.startsWith("HTTP/1.0") });
      assert.equal(last?.body, body);
      assert.equal(last?.isWhole, !isCut);
    });
  }
});
