import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { byByte, traceRequests } from "./trace.ts";

const host = "Host: a\r\n";
const post = `POST / HTTP/1.1\r\n${host}`;
const chunkedPost = `${post}Transfer-Encoding: chunked\r\n\r\n`;
const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: 1\r\n`).join("");

/** What Envoy 1.40 answers on the same bytes: a status of its codec, or 0 where it takes them. */
const table: readonly (readonly [name: string, bytes: string, status: number])[] = [
  ["a plain request", `GET / HTTP/1.1\r\n${host}\r\n`, 0],
  ["empty lines before it", `\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`, 0],
  ["bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 0],
  ["more than one space or a tab in the first line", `GET \t/ \tHTTP/1.1\r\n${host}\r\n`, 0],
  ["HTTP/1.0", `GET / HTTP/1.0\r\n${host}\r\n`, 426],
  ["HTTP/1.2", `GET / HTTP/1.2\r\n${host}\r\n`, 426],
  ["HTTP/2.0", `GET / HTTP/2.0\r\n${host}\r\n`, 426],
  ["no version", "GET /\r\n\r\n", 426],
  ["another protocol", `GET / HTTX/1.1\r\n${host}\r\n`, 400],
  ["a bad first line before the head is whole", "GET / HTTX/1.1\r\n", 400],
  ["a method with an invalid character", `G@T / HTTP/1.1\r\n${host}\r\n`, 400],
  ["a method of one's own", `FROB / HTTP/1.1\r\n${host}\r\n`, 400],
  ["a method in lower case", `get / HTTP/1.1\r\n${host}\r\n`, 400],
  ["a space in the path", `GET /a b HTTP/1.1\r\n${host}\r\n`, 400],
  ["a control character in the path", `GET /\x01 HTTP/1.1\r\n${host}\r\n`, 400],
  ["a byte above ASCII in the path", `GET /\xe9 HTTP/1.1\r\n${host}\r\n`, 400],
  ["a path without a slash", `GET foo HTTP/1.1\r\n${host}\r\n`, 400],
  ["OPTIONS *", `OPTIONS * HTTP/1.1\r\n${host}\r\n`, 0],
  ["GET *", `GET * HTTP/1.1\r\n${host}\r\n`, 400],
  ["a URL of another scheme", `GET ftp://x/y HTTP/1.1\r\n${host}\r\n`, 400],
  ["CONNECT without a port", `CONNECT a HTTP/1.1\r\n${host}\r\n`, 400],
  ["CONNECT", `CONNECT a:80 HTTP/1.1\r\n${host}\r\n`, 0],
  ["a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 0],
  ["a folded line with nothing before it", "GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", 400],
  ["a space before the colon", "GET / HTTP/1.1\r\nX : a\r\n\r\n", 400],
  ["no colon", "GET / HTTP/1.1\r\nXyz\r\n\r\n", 400],
  ["an empty name", "GET / HTTP/1.1\r\n: a\r\n\r\n", 400],
  ["a name with an invalid character", "GET / HTTP/1.1\r\nX(y: a\r\n\r\n", 400],
  ["a name with a byte above ASCII", "GET / HTTP/1.1\r\nX\xe9: a\r\n\r\n", 400],
  ["a control character in a value", "GET / HTTP/1.1\r\nX: a\x01b\r\n\r\n", 400],
  ["a NUL in a value", "GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n", 400],
  ["a DEL in a value", "GET / HTTP/1.1\r\nX: a\x7fb\r\n\r\n", 400],
  ["a bare carriage return in a value", "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", 0],
  [
    "both content-length and transfer-encoding",
    `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
  ],
  ["the same content-length twice", `${post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
  ["a content-length with a comma", `${post}Content-Length: 3, 3\r\n\r\nabc`, 400],
  ["a content-length with a sign", `${post}Content-Length: +3\r\n\r\nabc`, 400],
  ["a content-length with a letter", `${post}Content-Length: 3x\r\n\r\nabc`, 400],
  ["an empty content-length", `${post}Content-Length:\r\n\r\nabc`, 400],
  ["a content-length out of range", `${post}Content-Length: 99999999999999999999\r\n\r\nabc`, 400],
  ["a content-length with zeros in front", `${post}Content-Length: 003\r\n\r\nabc`, 0],
  ["a transfer coding of another name", `${post}Transfer-Encoding: gzip\r\n\r\n`, 501],
  ["two transfer codings", `${post}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ["identity", `${post}Transfer-Encoding: identity\r\n\r\n`, 501],
  ["chunked twice", `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 501],
  ["chunked in capitals", `${post}Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`, 0],
  ["chunks with an extension", `${chunkedPost}3;a=b\r\nabc\r\n0\r\n\r\n`, 0],
  ["a chunk size with a space behind it", `${chunkedPost}3 \r\nabc\r\n0\r\n\r\n`, 0],
  ["bytes between a chunk and its line break", `${chunkedPost}3\r\nabcd\r\n0\r\n\r\n`, 0],
  ["a chunk size that is no number", `${chunkedPost}xyz\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size with a prefix", `${chunkedPost}0x3\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk without a size", `${chunkedPost}\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size out of range", `${chunkedPost}10000000000000000\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size with a bare line feed", `${chunkedPost}3\nabc\n0\n\n`, 400],
  ["a line feed in a chunk extension", `${chunkedPost}3;a\nb\r\nabc\r\n0\r\n\r\n`, 400],
  ["a carriage return in a chunk extension", `${chunkedPost}3;a\rb\r\nabc\r\n0\r\n\r\n`, 400],
  ["an invalid trailer", `${chunkedPost}0\r\nX(: 1\r\n\r\n`, 400],
  ["100 headers", `GET / HTTP/1.1\r\n${many(100)}\r\n`, 0],
  ["101 headers", `GET / HTTP/1.1\r\n${many(101)}\r\n`, 431],
  ["59,000 bytes in a header", `GET / HTTP/1.1\r\nx: ${"a".repeat(59_000)}\r\n\r\n`, 0],
  ["61,500 bytes in a header", `GET / HTTP/1.1\r\nx: ${"a".repeat(61_500)}\r\n\r\n`, 431],
  ["61,500 bytes in the path", `GET /${"a".repeat(61_500)} HTTP/1.1\r\n${host}\r\n`, 431],
  ["TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", 400],
];

describe("the HTTP/1 codec on requests", () => {
  for (const [name, text, status] of table) {
    const bytes = Buffer.from(text, "latin1");
    it(`${status === 0 ? "takes" : `answers ${status} to`} ${name}`, () => {
      const trace = traceRequests([bytes]);
      assert.equal(trace.error?.status ?? 0, status, trace.error?.reason);
      if (status === 0) assert.equal(trace.messages.at(-1)?.isWhole, true);
      if (bytes.length < 4096) assert.deepEqual(traceRequests(byByte(bytes)), trace, "one byte at a time");
    });
  }

  it("reads the same however the bytes are cut", () => {
    const texts = table.map(([, text]) => text).filter((text) => text.length < 4096);
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(fc.nat(400), { maxLength: 6 }), (text, cuts) => {
        const bytes = Buffer.from(text, "latin1");
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
          bytes.length,
        ];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        assert.deepEqual(traceRequests(pieces), traceRequests([bytes]));
      }),
    );
  });

  it("reads pipelined requests one after the other", () => {
    const text = `${chunkedPost}3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n${post}Content-Length: 2\r\n\r\nhiGET /x HTTP/1.1\r\n${host}\r\n`;
    const { messages, error } = traceRequests([Buffer.from(text)]);
    assert.equal(error, undefined);
    assert.deepEqual(
      messages.map(({ body, trailers, isWhole }) => ({ body, trailers, isWhole })),
      [
        { body: "abcde", trailers: ["x-t", "1"], isWhole: true },
        { body: "hi", trailers: undefined, isWhole: true },
        { body: "", trailers: undefined, isWhole: true },
      ],
    );
  });

  it("makes names lower case, trims values and unfolds lines", () => {
    const text =
      "GET / HTTP/1.1\r\nHost:A\r\nX-Y: \t a\tb \t\r\nE:\r\nF: a  \r\n   b\r\n\tc\r\nG:\r\n z\r\nR: a\rb\r\n\r\n";
    const [message] = traceRequests([Buffer.from(text)]).messages;
    const expected = ["host", "A", "x-y", "a\tb", "e", "", "f", "a     b\tc", "g", "z", "r", "ab"];
    assert.deepEqual(message?.headers, expected);
  });

  it("joins what may be there only once, and leaves the rest as it came", () => {
    const text =
      "GET / HTTP/1.1\r\nHost: a\r\nCookie: 1\r\nX-Forwarded-For: 1.1.1.1\r\nCookie: 2\r\nX-Forwarded-For: 2.2.2.2\r\nHost: b\r\n\r\n";
    const [message] = traceRequests([Buffer.from(text)]).messages;
    const expected = ["host", "a,b", "cookie", "1", "x-forwarded-for", "1.1.1.1,2.2.2.2", "cookie", "2"];
    assert.deepEqual(message?.headers, expected);
  });

  it("takes the host of a URL out of the target, without user information", () => {
    const lines = ["http://b.example/x?y", "http://b.example", "https://u@x:80/y", "http://b?q"];
    const read = lines.map(
      (target) => traceRequests([Buffer.from(`GET ${target} HTTP/1.1\r\n${host}\r\n`)]).messages[0]?.line,
    );
    assert.deepEqual(read, [
      { method: "GET", path: "/x?y", authority: "b.example" },
      { method: "GET", path: "/", authority: "b.example" },
      { method: "GET", path: "/y", authority: "x:80" },
      { method: "GET", path: "?q", authority: "b" },
    ]);
  });
});
