import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

/** Listeners that differ in what they do with headers and lengths. */
const managers: Readonly<Record<string, JsonObject>> = {
  in: {},
  rejecting: { common_http_protocol_options: { headers_with_underscores_action: "REJECT_REQUEST" } },
  dropping: { common_http_protocol_options: { headers_with_underscores_action: "DROP_HEADER" } },
  small: { common_http_protocol_options: { max_headers_count: 5 }, max_request_headers_kb: 1 },
  lenient: { http_protocol_options: { allow_chunked_length: true } },
  custom: { http_protocol_options: { allow_custom_methods: true } },
};

const logged = textFormat("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %REQ(:METHOD)%");

function smugglingBootstrap(rig: Rig): JsonObject {
  const routes = [
    { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
    route("/", "http"),
  ];
  return bootstrap(
    Object.entries(managers).map(([name, more]) =>
      listener(name, [
        connectionManager(routes, { access_log: [fileLog(rig.file("log"), logged)], ...more }),
      ]),
    ),
    [cluster("http", rig.http.port)],
  );
}

/** A request that stands behind the one in question: whether it is answered tells how that one's end was found. */
const behind = "GET /behind HTTP/1.1\r\nHost: b\r\n\r\n";

/** What is answered to the bytes and a request behind them, and whether the connection stays. */
const sent =
  (bytes: string, name = "in", isClosed = true) =>
  async (stage: Stage): Promise<JsonValue> => {
    stage.logMark("log");
    const answer = await stage.exchange(bytes + behind, { listener: name, count: 2, untilClosed: isClosed });
    return { answer, log: await stage.logLines("log", isClosed ? 1 : 2) };
  };

/** The same for a connection that goes on. */
const kept = (bytes: string, name = "in") => sent(bytes, name, false);

const get = (...lines: readonly string[]): string =>
  ["GET / HTTP/1.1", "Host: a", ...lines, "", ""].join("\r\n");
const post = (body: string, ...lines: readonly string[]): string =>
  ["POST / HTTP/1.1", "Host: a", ...lines, "", body].join("\r\n");
const chunked = "Transfer-Encoding: chunked";
const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: 1`);

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "request smuggling",
    bootstrap: smugglingBootstrap,
    cases: {
      "a length and chunks": sent(post("0\r\n\r\n", "Content-Length: 5", chunked)),
      "chunks and a length": sent(post("0\r\n\r\n", chunked, "Content-Length: 5")),
      "a length and chunks where both are allowed": kept(
        post("3\r\nabc\r\n0\r\n\r\n", "Content-Length: 5", chunked),
        "lenient",
      ),
      "two equal lengths": sent(post("abc", "Content-Length: 3", "Content-Length: 3")),
      "two lengths": sent(post("abc", "Content-Length: 3", "Content-Length: 4")),
      "a list of lengths": sent(post("abc", "Content-Length: 3, 3")),
      "a negative length": sent(post("abc", "Content-Length: -3")),
      "a length with a sign": sent(post("abc", "Content-Length: +3")),
      "a length in hex": sent(post("abc", "Content-Length: 0x3")),
      "a length with a space in it": sent(post("abc", "Content-Length: 1 3")),
      "a length that is too large for 64 bits": sent(post("abc", "Content-Length: 99999999999999999999")),
      "an empty length": sent(post("", "Content-Length:")),
      "chunked in capitals": kept(post("3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: CHUNKED")),
      "chunked twice": sent(post("0\r\n\r\n", chunked, chunked)),
      "gzip, chunked": sent(post("0\r\n\r\n", "Transfer-Encoding: gzip, chunked")),
      "chunked, gzip": sent(post("0\r\n\r\n", "Transfer-Encoding: chunked, gzip")),
      identity: sent(post("", "Transfer-Encoding: identity")),
      "chunked behind a vertical tab": sent(post("0\r\n\r\n", "Transfer-Encoding: \vchunked")),
      "chunked with a space before the colon": sent(post("0\r\n\r\n", "Transfer-Encoding : chunked")),
      "chunked on a folded line": kept(post("0\r\n\r\n", "Transfer-Encoding:", " chunked")),
      "x-transfer-encoding in front": kept(post("0\r\n\r\n", "X-Transfer-Encoding: x", chunked)),
      "a chunk size in capitals": kept(post("A\r\n0123456789\r\n0\r\n\r\n", chunked)),
      "a chunk size with leading zeros": kept(post("0003\r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size with a sign": sent(post("+3\r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size with 0x": sent(post("0x3\r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size that is too large": sent(post("fffffffffffffffff\r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size that is none": sent(post("xyz\r\n", chunked)),
      "an empty chunk size": sent(post("\r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size with an extension": kept(post("3;a=b\r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size with a space behind": kept(post("3 \r\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk size that ends in a bare line feed": sent(post("3\nabc\r\n0\r\n\r\n", chunked)),
      "a chunk that ends in a bare line feed": kept(post("3\r\nabc\n0\r\n\r\n", chunked)),
      "a chunk that is longer than it says": kept(post("3\r\nabcd\r\n0\r\n\r\n", chunked)),
      "trailers with a bad name": sent(post("0\r\na b: c\r\n\r\n", chunked)),
      "trailers that frame": kept(post("0\r\nContent-Length: 5\r\n\r\n", chunked)),
      "a header name with a space": sent(get("a b: c")),
      "a space before the colon": sent(get("a : c")),
      "a line that begins with a space": kept(get("a: b", " c")),
      "a first line that begins with a space": sent("GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
      "a line without a colon": sent(get("abc")),
      "a line with an empty name": sent(get(": abc")),
      "an empty value": kept(get("a:")),
      "a null in a value": sent(get("a: b\0c")),
      "a null in a name": sent(get("a\0: b")),
      "a bare carriage return in a value": kept(get("a: b\rc")),
      "a bare carriage return in front of a line": sent(get("a: b", "\rc: d")),
      "a control character in a value": sent(get("a: b\x01c")),
      "a delete character in a value": sent(get("a: b\x7fc")),
      "bytes above 127 in a value": kept(get("a: b\xe9c")),
      "bytes above 127 in a name": sent(get("\xe9: b")),
      "quotes in a name": sent(get('"a": b')),
      "an underscore in a name": kept(get("a_b: c")),
      "an underscore where it is rejected": sent(get("a_b: c"), "rejecting"),
      "an underscore where it is dropped": kept(get("a_b: c", "d: e"), "dropping"),
      "too many headers": sent(get(...many(10)), "small"),
      "as many headers as may be": kept(get(...many(4)), "small"),
      "headers that are too long": sent(get(`a: ${"b".repeat(2000)}`), "small"),
      "a target that is too long": sent(`GET /${"b".repeat(2000)} HTTP/1.1\r\nHost: a\r\n\r\n`, "small"),
      "an absolute target beside another host": kept("GET http://c.example/x HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an absolute target with user information": kept(
        "GET http://u:p@c.example/x HTTP/1.1\r\nHost: a\r\n\r\n",
      ),
      "an absolute target without a path": kept("GET http://c.example HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an absolute target with a query only": kept("GET http://c.example?x HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an absolute target of another scheme": sent("GET ftp://c.example/x HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an absolute target over https": kept("GET https://c.example/x HTTP/1.1\r\nHost: a\r\n\r\n"),
      "OPTIONS of everything": kept("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
      "a target that is no path": sent("GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
      "a target with a space": sent("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
      "a target with a control character": sent("GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n"),
      "a target with bytes above 127": sent("GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n"),
      "a target with a fragment": sent("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
      "dots and slashes in the path": kept("GET /a/../b//c HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an escaped slash in the path": kept("GET /a%2fb%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an unknown method": sent("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
      "an unknown method where it is allowed": kept("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "custom"),
      "a method in small letters": sent("get / HTTP/1.1\r\nHost: a\r\n\r\n"),
      "a method with a bad character where any is allowed": sent(
        "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "custom",
      ),
      "HTTP/1.2": sent("GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
      "HTTP/2.0": sent("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
      "http/1.1 in small letters": sent("GET / http/1.1\r\nHost: a\r\n\r\n"),
      "a version with more digits": sent("GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
      "no version": sent("GET /\r\n\r\n"),
      "two spaces behind the method": sent("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "in", false),
      "a tab behind the method": sent("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "in", false),
      "empty lines in front": kept("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      "bare line feeds": kept("GET / HTTP/1.1\nHost: a\n\n"),
      "two hosts": kept("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
      "a host with a comma": sent("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "in", false),
      "a host with a space": sent("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
      "a host with a slash": sent("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
      "a host with an @": kept("GET / HTTP/1.1\r\nHost: u@b\r\n\r\n"),
      "no host": sent("GET / HTTP/1.1\r\n\r\n"),
      "a body on GET": kept("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
      "chunks on GET": kept(
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      ),
      "connection that names a header": kept(get("Connection: x-drop", "x-drop: 1", "x-keep: 1")),
      "connection that names the host": sent(get("Connection: host")),
      "connection that names content-length": kept(
        post("abc", "Connection: content-length", "Content-Length: 3"),
      ),
      "connection that names transfer-encoding": kept(
        post("0\r\n\r\n", "Connection: transfer-encoding", chunked),
      ),
      "connection that names x-forwarded-proto": sent(get("Connection: x-forwarded-proto")),
      "connection that names a cookie and itself": kept(get("Connection: cookie, connection", "Cookie: a=b")),
      "connection that names eleven headers": sent(get("Connection: a,b,c,d,e,f,g,h,i,j,k")),
      "connection that names a pseudo-header": sent(get("Connection: :path")),
      "a pseudo-header by its name": sent(get(":path: /evil")),
      "expect in the middle of a pipeline": kept(post("abc", "Expect: 100-continue", "Content-Length: 3")),
    },
  }),
];
