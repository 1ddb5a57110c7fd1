import { helloBytes } from "../data-plane/network/hello-bytes.ts";
import { callHeaders, frame, frameType } from "../kit/raw-http2.ts";
import { vectorsOf } from "../vectors/vectors.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

/** Headers, good and bad, as the vectors have them. */
export const proxyHeaders: readonly Buffer[] = vectorsOf("receive").flatMap(({ input_hex: hex }) =>
  typeof hex !== "string" ? [] : [Buffer.from(hex, "hex")],
);

export const requests: readonly Buffer[] = [
  "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
  "GET /a?b=c HTTP/1.1\r\nHost: a.example:80\r\nX-Forwarded-For: 203.0.113.7, 198.51.100.1\r\nCookie: a=b\r\n\r\nGET /2 HTTP/1.1\r\nhost: b\r\n\r\n",
  "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nhost: a\r\n\r\n",
  'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n5;ext="1"\r\nhello\r\n0\r\nx: y\r\n\r\n',
  "PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
  "CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n",
  "GET http://[2001:db8::1]:8080/x HTTP/1.0\r\nconnection: keep-alive\r\nexpect: 100-continue\r\n\r\n",
  "GET /chat HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, x-gone\r\nupgrade: websocket\r\nx-gone: 1\r\n\r\n",
].map(latin1);

export const responses: readonly Buffer[] = [
  "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nt: 1\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nuntil the end",
  "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nbytes",
].map(latin1);

export const hellos: readonly Buffer[] = [
  helloBytes({}),
  helloBytes({ serverName: "a.example", protocols: ["h2", "http/1.1"] }),
  helloBytes({ serverName: "a.example" }, 40),
];

const preface = latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const settings = (...pairs: readonly (readonly [id: number, value: number])[]) => {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(frameType.settings, 0, 0, payload);
};
const block = callHeaders("/a");
const word = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** What clients say in HTTP/2, from the preface on. */
export const conversations: readonly Buffer[] = [
  [settings(), frame(frameType.headers, 5, 1, block)],
  [
    settings([1, 0], [4, 1_000], [5, 20_000]),
    frame(frameType.settings, 1, 0),
    frame(frameType.headers, 4, 1, block),
    frame(frameType.data, 1, 1, latin1("hello")),
    frame(frameType.windowUpdate, 0, 0, word(1_000)),
    frame(frameType.headers, 4, 3, block),
    frame(frameType.rstStream, 0, 3, word(8)),
  ],
  [
    settings([3, 1]),
    frame(frameType.headers, 0, 1, block.subarray(0, 20)),
    frame(frameType.continuation, 4, 1, block.subarray(20)),
    frame(frameType.ping, 0, 0, Buffer.alloc(8)),
    frame(frameType.goAway, 0, 0, Buffer.alloc(8)),
  ],
].map((frames) => Buffer.concat([preface, ...frames]));

/** Header blocks of HPACK: literals, indexed fields, Huffman texts, a new table size. */
export const headerBlocks: readonly Buffer[] = [
  block,
  Buffer.from("828684410f7777772e6578616d706c652e636f6d", "hex"),
  Buffer.from("828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex"),
  Buffer.from("3fe11f82be5886a8eb10649cbf", "hex"),
];
