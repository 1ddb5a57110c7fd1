import { backendHeaders } from "../../kit/echo-backend.ts";

/** What a client sends, and what is looked at. */
export interface ScriptedExchange {
  readonly name: string;
  readonly bytes: string;
  /** How many answers come; 1 unless given. */
  readonly count?: number;
  readonly isHead?: true;
}

const host = "Host: a\r\n";
const get = (path: string, lines = host): string => `GET ${path} HTTP/1.1\r\n${lines}\r\n`;
const post = (path: string, lines: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\n${host}${lines}\r\n${body}`;
const chunked = "Transfer-Encoding: chunked\r\n";
const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: 1\r\n`).join("");
const answered = (answer: string, closes = false): string =>
  get(
    "/",
    `${host}${backendHeaders.answer}: ${Buffer.from(answer).toString("hex")}\r\n${closes ? `${backendHeaders.close}: 1\r\n` : ""}`,
  );

/** Routes: `/direct`, `/redirect`, `/missing` (no such cluster), `/dead` (refused), and everything else to the echo. */
export const exchangeRoutes = [
  { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
  { match: { prefix: "/redirect" }, redirect: { host_redirect: "other.example", path_redirect: "/x" } },
  { match: { prefix: "/missing" }, route: { cluster: "missing" } },
  { match: { prefix: "/dead" }, route: { cluster: "dead" } },
  { match: { prefix: "/" }, route: { cluster: "echo" } },
];

/** Exchanges whose answer is byte for byte the same on Envoy 1.40 (dates, ids and times aside). */
export const exchanges: readonly ScriptedExchange[] = [
  { name: "a request and its way", bytes: "GET / HTTP/1.1\r\nHost: A\r\nFoo: Bar\r\nfoo: baz\r\n\r\n" },
  { name: "a direct response", bytes: get("/direct") },
  { name: "HEAD of a direct response", bytes: `HEAD /direct HTTP/1.1\r\n${host}\r\n`, isHead: true },
  { name: "HEAD of an upstream's", bytes: `HEAD / HTTP/1.1\r\n${host}\r\n`, isHead: true },
  { name: "a redirect", bytes: get("/redirect") },
  { name: "a cluster that is not there", bytes: get("/missing") },
  { name: "an upstream that refuses", bytes: get("/dead") },
  { name: "a request behind a failed one", bytes: get("/dead") + get("/direct"), count: 2 },
  { name: "HTTP/1.0", bytes: `GET /direct HTTP/1.0\r\n${host}\r\n` },
  { name: "no host", bytes: "GET /direct HTTP/1.1\r\n\r\n" },
  { name: "an empty host", bytes: get("/", "Host:\r\n") },
  { name: "two hosts", bytes: get("/", "Host: a\r\nHost: b\r\n") },
  { name: "a host with a space", bytes: get("/", "Host: a b\r\n") },
  { name: "a host with a slash", bytes: get("/", "Host: a/b\r\n") },
  { name: "another protocol", bytes: `GET / HTTX/1.1\r\n${host}\r\n` },
  { name: "bare line feeds", bytes: "GET /direct HTTP/1.1\nHost: a\n\n" },
  { name: "a fragment", bytes: get("/direct#x") },
  { name: "a URL", bytes: get("http://b.example/x?y") },
  { name: "OPTIONS *", bytes: `OPTIONS * HTTP/1.1\r\n${host}\r\n` },
  { name: "CONNECT", bytes: `CONNECT a:80 HTTP/1.1\r\n${host}\r\n` },
  {
    name: "an upgrade that is not configured",
    bytes: get("/", `${host}Connection: Upgrade\r\nUpgrade: websocket\r\n`),
  },
  {
    name: "an upgrade to HTTP/2, passed over",
    bytes: get("/", `${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n`),
  },
  {
    name: "folded lines and bare carriage returns",
    bytes: get("/", `${host}X: a  \r\n   b\r\n\tc\r\nY: a\rb\r\n`),
  },
  {
    name: "headers for this hop",
    bytes: get(
      "/",
      `${host}Connection: X-Foo\r\nX-Foo: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip, trailers\r\n`,
    ),
  },
  {
    name: "connection that names x-forwarded-for",
    bytes: get("/", `${host}Connection: x-forwarded-for\r\n`),
  },
  {
    name: "headers that a client must not set",
    bytes: get(
      "/",
      `${host}x-envoy-foo: 1\r\nx-envoy-internal: true\r\nx-envoy-external-address: 9.9.9.9\r\nx-envoy-max-retries: 3\r\n` +
        `x-request-id: abc\r\nx-envoy-expected-rq-timeout-ms: 3\r\nvia: q\r\nserver: z\r\nx-envoy-upstream-rq-timeout-ms: 500\r\n` +
        `x-envoy-original-path: /f\r\nx-envoy-retry-on: 5xx\r\nx-envoy-decorator-operation: q\r\n`,
    ),
  },
  { name: "a body with a length", bytes: post("/", "Content-Length: 3\r\n", "abc") },
  { name: "no body where there could be one", bytes: post("/", "", "") },
  { name: "a chunked body", bytes: post("/", chunked, "3\r\nabc\r\n0\r\n\r\n") },
  { name: "chunked GET", bytes: get("/", host + chunked) + "0\r\n\r\n" },
  { name: "trailers, which are dropped", bytes: post("/", chunked, "3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n") },
  { name: "a bad chunk", bytes: post("/", chunked, "xyz\r\n") },
  { name: "a length and chunks", bytes: post("/", `Content-Length: 3\r\n${chunked}`, "0\r\n\r\n") },
  { name: "another transfer coding", bytes: post("/", "Transfer-Encoding: gzip\r\n", "") },
  { name: "101 headers", bytes: get("/direct", host + many(100)) },
  { name: "61,500 bytes of headers", bytes: get("/direct", `${host}x: ${"a".repeat(61_500)}\r\n`) },
  { name: "100-continue", bytes: post("/", "Expect: 100-continue\r\nContent-Length: 3\r\n", "abc") },
  { name: "another expectation", bytes: post("/", "Expect: foo\r\nContent-Length: 3\r\n", "abc") },
  { name: "an answer before the body has come", bytes: post("/direct", "Content-Length: 30\r\n", "abc") },
  { name: "connection: close", bytes: get("/", `${host}Connection: keep-alive, Close\r\n`) },
  { name: "proxy-connection: close", bytes: get("/", `${host}Proxy-Connection: close\r\n`) },
  { name: "pipelined requests", bytes: get("/direct") + get("/1") + get("/direct"), count: 3 },
  { name: "a response without a length", bytes: answered("HTTP/1.1 200 OK\r\n\r\nabc", true) },
  {
    name: "a chunked response with trailers",
    bytes: answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"),
  },
  { name: "204", bytes: answered("HTTP/1.1 204 No Content\r\nFoo: A\r\nContent-Length: 0\r\n\r\n") },
  { name: "304 with a length", bytes: answered("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") },
  {
    name: "headers of a response",
    bytes: answered(
      "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\nServer: up\r\nDate: x\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n" +
        "x-envoy-upstream-service-time: 99\r\nx-envoy-foo: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nvia: v\r\n\r\n",
    ),
  },
  { name: "a status of its own", bytes: answered("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n") },
  {
    name: "an interim response, dropped",
    bytes: answered("HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
  },
  { name: "a response that is none", bytes: answered("HTTX/1.1 200 X\r\n\r\n") },
  {
    name: "a response with two lengths",
    bytes: answered("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
  },
  { name: "a response cut short", bytes: answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true) },
  { name: "no response", bytes: answered("", true) },
];
