import type { JsonObject } from "../../kit/json.ts";
import { frame, frameType } from "../../kit/raw-http2.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import {
  data,
  fields,
  number,
  post,
  pseudo,
  repeat,
  request,
  setting,
  talk,
  talkEach,
} from "../http2-client.ts";
import type { Rig } from "../rig.ts";
import { answering, resetting } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

/** A listener of its own for each way to speak HTTP/2. */
const managers: Readonly<Record<string, JsonObject>> = {
  in: {},
  mild: { http2_protocol_options: { override_stream_error_on_invalid_http_message: true } },
  only2: { codec_type: "HTTP2" },
  only1: { codec_type: "HTTP1" },
  few: { http2_protocol_options: { max_concurrent_streams: 2 } },
  drops: { common_http_protocol_options: { headers_with_underscores_action: "DROP_HEADER" } },
  rejects: { common_http_protocol_options: { headers_with_underscores_action: "REJECT_REQUEST" } },
  once: { common_http_protocol_options: { max_requests_per_connection: 1 }, drain_timeout: "0.1s" },
  idle: { common_http_protocol_options: { idle_timeout: "0.2s" }, drain_timeout: "0.1s" },
  pings: { http2_protocol_options: { connection_keepalive: { interval: "0.1s", timeout: "0.2s" } } },
  narrow: { common_http_protocol_options: { max_headers_count: 20 }, max_request_headers_kb: 1 },
};

function http2Bootstrap(rig: Rig): JsonObject {
  const direct = {
    match: { path: "/direct" },
    direct_response: { status: 200, body: { inline_string: "hello" } },
  };
  const routes = [direct, route("/dead", "dead"), route("/tcp", "tcp"), route("/", "http")];
  return bootstrap(
    Object.entries(managers).map(([name, more]) =>
      listener(name, [
        connectionManager(routes, {
          stat_prefix: name,
          delayed_close_timeout: "0.05s",
          access_log: [
            fileLog(
              rig.file(`${name}.log`),
              textFormat("%REQ(:METHOD)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS%"),
            ),
          ],
          ...more,
        }),
      ]),
    ),
    [cluster("http", rig.http.port), cluster("tcp", rig.tcp.port), cluster("dead", rig.dead.port)],
  );
}

const head = (flat: readonly string[]) => [frame(frameType.headers, 5, 1, fields(...flat))];

const malformed: Readonly<Record<string, readonly Buffer[]>> = {
  "a name in upper case": head([...pseudo(), "X-A", "1"]),
  "a name with a space": head([...pseudo(), "x a", "1"]),
  "an empty name": head([...pseudo(), "", "1"]),
  "a value with NUL": head([...pseudo(), "x", "a\0b"]),
  "a value with a line break": head([...pseudo(), "x", "a\nb"]),
  "a value with DEL": head([...pseudo(), "x", "a\x7fb"]),
  connection: head([...pseudo(), "connection", "close"]),
  "keep-alive": head([...pseudo(), "keep-alive", "x"]),
  "proxy-connection": head([...pseudo(), "proxy-connection", "x"]),
  "transfer-encoding": head([...pseudo(), "transfer-encoding", "chunked"]),
  upgrade: head([...pseudo(), "upgrade", "x"]),
  "te: gzip": head([...pseudo(), "te", "gzip"]),
  "a pseudo header behind others": head([
    ":method",
    "GET",
    "x",
    "y",
    ":scheme",
    "http",
    ":path",
    "/",
    ":authority",
    "a",
  ]),
  "an unknown pseudo header": head([...pseudo(), ":x", "1"]),
  "a pseudo header of responses": head([...pseudo(), ":status", "200"]),
  "a pseudo header twice": head([...pseudo(), ":path", "/"]),
  "no :method": head(pseudo().slice(2)),
  "no :path": head([":method", "GET", ":scheme", "http", ":authority", "a"]),
  "no :scheme": head([":method", "GET", ":path", "/", ":authority", "a"]),
  "neither :authority nor host": head(pseudo().slice(0, 6)),
  "an empty :authority": head([...pseudo().slice(0, 7), ""]),
  "an :authority with a space": head([...pseudo().slice(0, 7), "a b"]),
  "two hosts": head([...pseudo().slice(0, 6), "host", "a", "host", "b"]),
  "a host with a space": head([...pseudo().slice(0, 6), "host", "a b"]),
  "an empty :path": head(pseudo("")),
  "a :path without a slash": head(pseudo("direct")),
  "a :path with a space": head(pseudo("/a b")),
  "* with GET": head(pseudo("*")),
  "a :scheme that is none": head([":method", "GET", ":scheme", "a b", ":path", "/", ":authority", "a"]),
  "a method that is no token": head(pseudo("/direct", "G T")),
  "CONNECT with a :path": head(pseudo("/", "CONNECT")),
  ":protocol, which was not offered": head([...pseudo("/", "CONNECT"), ":protocol", "websocket"]),
  "a length that is none": head([...pseudo(), "content-length", "x"]),
  "two lengths": head([...pseudo(), "content-length", "0", "content-length", "0"]),
  "a length without a body": head([...pseudo(), "content-length", "5"]),
  "trailers with a pseudo header": [post(1, "/tcp"), frame(frameType.headers, 5, 1, fields(":path", "/"))],
  "trailers that do not end the stream": [post(1, "/tcp"), frame(frameType.headers, 4, 1, fields("x", "y"))],
};

const broken: Readonly<Record<string, readonly Buffer[]>> = {
  "DATA of the connection": [data(0, "a")],
  "DATA of an idle stream": [data(1, "a")],
  "HEADERS of the connection": [request(0)],
  "a stream with an even number": [request(2)],
  "a stream that depends on itself": [
    frame(frameType.headers, 0x25, 1, Buffer.concat([number(1), Buffer.alloc(1), fields(...pseudo())])),
  ],
  PUSH_PROMISE: [frame(5, 4, 1, number(2))],
  "PING of a stream": [frame(frameType.ping, 0, 1, Buffer.alloc(8))],
  "a PING of 7 bytes": [frame(frameType.ping, 0, 0, Buffer.alloc(7))],
  "SETTINGS of a stream": [frame(frameType.settings, 0, 1)],
  "SETTINGS of 5 bytes": [frame(frameType.settings, 0, 0, Buffer.alloc(5))],
  "SETTINGS with ACK and a payload": [frame(frameType.settings, 1, 0, Buffer.alloc(6))],
  "a window setting above 2^31 - 1": [setting(4, 0x80000000)],
  "a frame size setting of 100": [setting(5, 100)],
  "ENABLE_PUSH of 2": [setting(2, 2)],
  "WINDOW_UPDATE of nothing": [frame(frameType.windowUpdate, 0, 0, number(0))],
  "WINDOW_UPDATE of 3 bytes": [frame(frameType.windowUpdate, 0, 0, Buffer.alloc(3))],
  "WINDOW_UPDATE of an idle stream": [frame(frameType.windowUpdate, 0, 1, number(1))],
  "a connection's window above 2^31 - 1": [frame(frameType.windowUpdate, 0, 0, number(0x7fffffff))],
  "RST_STREAM of an idle stream": [frame(frameType.rstStream, 0, 1, number(8))],
  "RST_STREAM of the connection": [frame(frameType.rstStream, 0, 0, number(8))],
  "GOAWAY of a stream": [frame(frameType.goAway, 0, 1, Buffer.alloc(8))],
  "GOAWAY of 7 bytes": [frame(frameType.goAway, 0, 0, Buffer.alloc(7))],
  "PRIORITY of 4 bytes": [frame(2, 0, 1, Buffer.alloc(4))],
  "CONTINUATION of nothing": [frame(frameType.continuation, 4, 1, fields("a", "b"))],
  "PING within a header block": [
    frame(frameType.headers, 1, 1, fields(...pseudo())),
    frame(frameType.ping, 0, 0, Buffer.alloc(8)),
  ],
  "an unknown frame within a header block": [
    frame(frameType.headers, 1, 1, fields(...pseudo())),
    frame(77, 0, 1),
  ],
  "a frame of 16,385 bytes": [frame(frameType.data, 0, 1, Buffer.alloc(16385))],
  "an index of no entry": [frame(frameType.headers, 5, 1, Buffer.from([0xff, 0xff, 0x01]))],
  "a string in no Huffman code": [frame(frameType.headers, 5, 1, Buffer.from([0, 0x81, 0xff, 1, 0x61]))],
  "a header table larger than allowed": [
    frame(frameType.headers, 5, 1, Buffer.from([0x3f, 0xe1, 0xff, 0x03])),
  ],
  "more padding of HEADERS than there is": [
    frame(frameType.headers, 13, 1, Buffer.concat([Buffer.from([250]), fields(...pseudo())])),
  ],
  "an empty header block": [frame(frameType.headers, 4, 1)],
};

const harmless: Readonly<Record<string, readonly Buffer[]>> = {
  "an unknown frame": [frame(77, 0, 0, Buffer.alloc(3)), request(1)],
  "an unknown setting": [setting(99, 1), request(1)],
  "a client's GOAWAY": [frame(frameType.goAway, 0, 0, Buffer.alloc(8)), request(1)],
  "PRIORITY of the stream and the connection": [
    frame(2, 0, 1, Buffer.alloc(5)),
    frame(2, 0, 0, Buffer.alloc(5)),
    request(1),
  ],
  padding: [
    frame(frameType.headers, 13, 1, Buffer.concat([Buffer.from([3]), fields(...pseudo()), Buffer.alloc(3)])),
  ],
  "a header block in twelve frames": [
    frame(frameType.headers, 1, 1, fields(...pseudo())),
    repeat(11, (index) => frame(frameType.continuation, index === 10 ? 4 : 0, 1, fields(`x-${index}`, "y"))),
  ],
  "one empty DATA frame": [post(1), frame(frameType.data, 0, 1), frame(frameType.data, 1, 1)],
};

const floods: Readonly<Record<string, readonly Buffer[]>> = {
  "two empty DATA frames": [post(1), frame(frameType.data, 0, 1), frame(frameType.data, 0, 1)],
  "two empty CONTINUATION frames": [
    frame(frameType.headers, 1, 1, fields(...pseudo())),
    frame(frameType.continuation, 0, 1),
    frame(frameType.continuation, 0, 1),
  ],
  "101 PRIORITY frames": [repeat(101, () => frame(2, 0, 1, Buffer.alloc(5)))],
  "six WINDOW_UPDATE frames before any stream": [
    repeat(6, () => frame(frameType.windowUpdate, 0, 0, number(1))),
  ],
  "2,000 PING frames": [repeat(2000, () => frame(frameType.ping, 0, 0, Buffer.alloc(8)))],
  "2,000 SETTINGS frames": [repeat(2000, () => frame(frameType.settings, 0, 0))],
};

/** Last of each: a request, which is answered where the connection is still there. */
const asked = request(9001);

/** A request with a value of 600 bytes, which comes in so many frames. */
const continued = (count: number, isWhole = true) => [
  frame(
    frameType.headers,
    1,
    1,
    Buffer.concat([fields(...pseudo()), Buffer.from([0, 1, 0x78, 0x7f, 0xd9, 3])]),
  ),
  repeat(count - 1, () => frame(frameType.continuation, 0, 1, Buffer.from("y"))),
  frame(frameType.continuation, isWhole ? 4 : 0, 1, Buffer.alloc(601 - count, "y")),
];

const thronged: Readonly<Record<string, readonly Buffer[]>> = {
  "512 CONTINUATION frames": [...continued(512), asked],
  "513 CONTINUATION frames": [...continued(513), asked],
  "513 CONTINUATION frames that do not end": continued(513, false),
  "900 RST_STREAM of a stream that is over": [
    post(1, "/tcp"),
    repeat(900, () => frame(frameType.rstStream, 0, 1, number(8))),
    asked,
  ],
  "3,000 RST_STREAM of a stream that is over": [
    post(1, "/tcp"),
    repeat(3000, () => frame(frameType.rstStream, 0, 1, number(8))),
    asked,
  ],
  "3,000 DATA frames of a stream that is over": [
    post(1, "/tcp"),
    frame(frameType.rstStream, 0, 1, number(8)),
    repeat(3000, () => data(1, "a")),
    asked,
  ],
  "3,000 PING frames with ACK": [repeat(3000, () => frame(frameType.ping, 1, 0, Buffer.alloc(8))), asked],
  "3,000 frames of an unknown type": [repeat(3000, () => frame(77, 0, 0)), asked],
  "SETTINGS with 32 entries": [
    frame(
      frameType.settings,
      0,
      0,
      repeat(32, () => Buffer.from([0, 99, 0, 0, 0, 1])),
    ),
    asked,
  ],
  "SETTINGS with 33 entries": [
    frame(
      frameType.settings,
      0,
      0,
      repeat(33, () => Buffer.from([0, 99, 0, 0, 0, 1])),
    ),
    asked,
  ],
  "SETTINGS with ACK, once": [frame(frameType.settings, 1, 0), asked],
  "SETTINGS with ACK, twice": [frame(frameType.settings, 1, 0), frame(frameType.settings, 1, 0), asked],
};

/** Requests that are given up at once. */
const givenUp = (count: number) =>
  repeat(count, (index) =>
    Buffer.concat([post(1 + 2 * index, "/tcp"), frame(frameType.rstStream, 0, 1 + 2 * index, number(8))]),
  );

const cut = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", true);

/** What the upstream got, without the head's host. */
const withStats = async (stage: Stage, pattern: string, act: () => Promise<unknown>) =>
  stage.counted(pattern, act);

export const scenes: readonly Scene[] = [
  scene({
    area: "http2",
    name: "clients",
    bootstrap: http2Bootstrap,
    cases: {
      "a request by prior knowledge": async (stage) => talk(stage, [request(1)]),
      "is counted under http2": async (stage) =>
        withStats(
          stage,
          "^http\\.in\\.downstream_(cx|rq)_(http|total|active|completed)|^http2\\.",
          async () => talk(stage, [request(1)]),
        ),
      "is logged as HTTP/2": async (stage, rig) => {
        stage.logMark("in.log");
        await talk(stage, [request(1)]);
        return [...(await stage.logLines("in.log", 1)), rig.file("").length > 0];
      },
      "HTTP/1.1 goes on to be spoken on the same port": async (stage) =>
        stage.exchange("GET /direct HTTP/1.1\r\nHost: a\r\n\r\n"),
      "codec_type HTTP2 demands it": async (stage) =>
        talk(stage, [], "closed", {
          listener: "only2",
          first: Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        }),
      "codec_type HTTP1 does not know it": async (stage) => {
        const { lines } = await stage.exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {
          listener: "only1",
          untilClosed: true,
        });
        return [...lines];
      },
      "a preface that goes wrong": async (stage) =>
        talk(stage, [], "closed", { first: Buffer.from("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n") }),
      "no SETTINGS behind the preface": async (stage) =>
        talk(stage, [request(1)], "closed", { first: Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") }),
      "the upstream of HTTP/1.1 gets the host, and a cookie in one piece": async (stage) =>
        talk(stage, [request(1, "/a?b", ["cookie", "a=1", "x-y", "z", "cookie", "b=2", "te", "trailers"])]),
      "host and :authority: the authority is told": async (stage) =>
        talk(stage, [request(1, "/", ["host", "other"])]),
      "a host alone": async (stage) => talk(stage, head([...pseudo("/").slice(0, 6), "host", "h"])),
      ":scheme https tells nothing": async (stage) =>
        talk(stage, head([":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a"])),
      "a body with its length": async (stage) =>
        talk(stage, [post(1, "/", ["content-length", "3"]), data(1, "abc", true)]),
      "a body without one": async (stage) => talk(stage, [post(1, "/"), data(1, "ab"), data(1, "c", true)]),
      "a POST without a body": async (stage) => talk(stage, [request(1, "/", [], "POST")]),
      "trailers to an upstream of HTTP/1.1": async (stage) =>
        talk(stage, [post(1, "/"), data(1, "abc"), frame(frameType.headers, 5, 1, fields("x-t", "1"))]),
      "a body that is not as long as promised": async (stage) =>
        talkEach(
          stage,
          {
            short: [post(1, "/", ["content-length", "5"]), data(1, "abc", true)],
            long: [post(1, "/", ["content-length", "2"]), data(1, "abc", true)],
          },
          [1],
        ),
      HEAD: async (stage) => talk(stage, [request(1, "/", [], "HEAD")]),
      "expect: 100-continue": async (stage) =>
        talk(stage, [post(1, "/", ["expect", "100-continue", "content-length", "3"]), data(1, "abc", true)]),
      "many streams at once": async (stage) =>
        talk(
          stage,
          Array.from({ length: 9 }, (_, index) => request(1 + 2 * index)),
          Array.from({ length: 9 }, (_, index) => 1 + 2 * index),
        ),
      "an answer before the request is whole": async (stage) => talk(stage, [post(1)]),
      CONNECT: async (stage) =>
        talk(stage, [frame(frameType.headers, 4, 1, fields(":method", "CONNECT", ":authority", "a:1"))]),
      "a path with a fragment": async (stage) => talk(stage, [request(1, "/direct#a")]),
      "no upstream": async (stage) => talk(stage, [request(1, "/dead")]),
      "an upstream that ends before it answers": async (stage, rig) => {
        rig.tcp.behave(resetting);
        return talk(stage, [request(1, "/tcp")]);
      },
      "an upstream that ends in the middle": async (stage, rig) => {
        rig.tcp.behave(cut);
        return talk(stage, [request(1, "/tcp")]);
      },
      "gRPC: what fails is told in trailers alone": async (stage) =>
        talk(stage, [request(1, "/dead", ["content-type", "application/grpc"], "POST")]),
      "gRPC: a subtype, and a request that goes on": async (stage) =>
        talk(stage, [post(1, "/dead", ["content-type", "application/grpc+proto"])]),
      "gRPC-Web is no gRPC": async (stage) =>
        talk(stage, [request(1, "/dead", ["content-type", "application/grpc-web"], "POST")]),
    },
  }),
  scene({
    area: "http2",
    name: "what breaks it",
    bootstrap: http2Bootstrap,
    cases: {
      "a malformed message ends the connection": async (stage) => talkEach(stage, malformed, "closed"),
      "a malformed message ends the stream where that is configured": async (stage) =>
        talkEach(stage, malformed, [1], "mild"),
      "a frame that breaks the rules ends the connection": async (stage) => talkEach(stage, broken, "closed"),
      "DATA behind the end of the stream": async (stage) =>
        talk(stage, [request(1, "/tcp"), data(1, "a", true)], "closed"),
      "HEADERS behind the end of the stream": async (stage) =>
        talk(stage, [request(1, "/tcp"), frame(frameType.headers, 5, 1, fields("x", "y"))], "closed"),
      "more padding of DATA than there is": async (stage) =>
        talk(stage, [post(1, "/tcp"), frame(frameType.data, 8, 1, Buffer.from([5, 1, 2]))], "closed"),
      "a stream's window above 2^31 - 1": async (stage) =>
        talk(stage, [post(1, "/tcp"), frame(frameType.windowUpdate, 0, 1, number(0x7fffffff))], "closed"),
      "WINDOW_UPDATE of nothing for a stream": async (stage) =>
        talk(stage, [post(1, "/tcp"), frame(frameType.windowUpdate, 0, 1, number(0))], "closed"),
      "what is unusual does no harm": async (stage) => talkEach(stage, harmless, [1]),
      "frames of a stream that has just ended": async (stage) =>
        talk(
          stage,
          [
            post(1, "/tcp"),
            frame(frameType.rstStream, 0, 1, number(8)),
            data(1, "late"),
            frame(frameType.windowUpdate, 0, 1, number(5)),
            frame(frameType.rstStream, 0, 1, number(8)),
            request(1),
            request(3),
          ],
          [3],
        ),
      "a number below one that was used": async (stage) =>
        talk(stage, [request(5), request(3), request(7)], [5, 7]),
      "counters of malformed messages": async (stage) =>
        withStats(stage, "^http2\\.|downstream_cx_protocol_error", async () =>
          talkEach(stage, malformed, "closed"),
        ),
      "more headers than allowed, or larger": async (stage) =>
        talkEach(
          stage,
          {
            many: [
              request(1, "/direct", Array.from({ length: 17 }, (_, index) => [`x-${index}`, "1"]).flat()),
            ],
            enough: [
              request(1, "/direct", Array.from({ length: 16 }, (_, index) => [`x-${index}`, "1"]).flat()),
            ],
            large: [
              request(
                1,
                "/direct",
                Array.from({ length: 12 }, (_, index) => [`x-${index}`, "y".repeat(100)]).flat(),
              ),
            ],
          },
          [1],
          "narrow",
        ),
      "more headers than allowed are counted": async (stage) =>
        withStats(stage, "^http2\\.|downstream_rq_(total|http2|rx_reset|completed)", async () =>
          talk(
            stage,
            [request(1, "/direct", Array.from({ length: 19 }, (_, index) => [`x-${index}`, "1"]).flat())],
            [1],
            { listener: "narrow" },
          ),
        ),
      "a header block without end is read and dropped": async (stage) => {
        const piece = repeat(100, (index) => fields(`x-${index}`, "y".repeat(120)));
        return talk(
          stage,
          [
            frame(frameType.headers, 1, 1, fields(...pseudo())),
            repeat(40, () => frame(frameType.continuation, 0, 1, piece)),
            frame(frameType.continuation, 4, 1, fields("x", "y")),
            request(3),
          ],
          [1, 3],
        );
      },
      "a value of more than 64 KiB": async (stage) =>
        talk(
          stage,
          [
            frame(
              frameType.headers,
              1,
              1,
              Buffer.concat([fields(...pseudo()), Buffer.from([0, 1, 0x61, 0x7f, 0xff, 0xff, 0x0f])]),
            ),
            repeat(5, () => frame(frameType.continuation, 0, 1, Buffer.alloc(16_000, "y"))),
          ],
          "closed",
        ),
    },
  }),
  scene({
    area: "http2",
    name: "limits",
    bootstrap: http2Bootstrap,
    cases: {
      "names with an underscore are dropped, or not taken": async (stage) => {
        const outcomes: JsonObject[] = [];
        const counted = await stage.counted(
          "^http2\\..*underscores|^http\\.rejects\\.downstream_rq_(total|rx)",
          async () => {
            for (const name of ["drops", "rejects"]) {
              outcomes.push(
                await talk(stage, [request(1, "/", ["x_a", "1", "x-b", "2"])], [1], { listener: name }),
              );
            }
          },
        );
        return { counted, outcomes };
      },
      "floods end the connection": async (stage) => talkEach(stage, floods, "closed"),
      "malformed requests count as given up": async (stage) =>
        withStats(stage, "too_many_premature", async () =>
          talk(
            stage,
            [repeat(300, (index) => frame(frameType.headers, 5, 1 + 2 * index, fields(...pseudo("a"))))],
            "closed",
            { listener: "mild" },
          ),
        ),
      "other things too many": async (stage) => talkEach(stage, thronged, [9001], "mild"),
      "other things too many are counted": async (stage) =>
        withStats(stage, "^http2\\.|downstream_cx_protocol_error|premature", async () =>
          talkEach(stage, thronged, [9001], "mild"),
        ),
      "floods are counted": async (stage) =>
        withStats(stage, "^http2\\.|downstream_cx_protocol_error", async () =>
          talkEach(stage, floods, "closed"),
        ),
      "250 requests given up at once are too many": async (stage) =>
        withStats(stage, "too_many_premature|http2\\.rx_reset", async () =>
          talk(stage, [givenUp(250)], "closed"),
        ),
      "249 are not": async (stage) => talk(stage, [givenUp(249), request(999)], [999]),
      "a stream too many is refused to who has not heard of the limit": async (stage) =>
        talk(stage, [post(1, "/tcp"), post(3, "/tcp"), post(5, "/tcp")], [5], { listener: "few" }),
      "a stream too many ends the connection of who has": async (stage) =>
        talk(
          stage,
          [frame(frameType.settings, 1, 0), post(1, "/tcp"), post(3, "/tcp"), post(5, "/tcp")],
          "closed",
          {
            listener: "few",
          },
        ),
      "max_requests_per_connection: GOAWAY announces and follows": async (stage) =>
        talk(stage, [request(1), request(3)], "closed", { listener: "once" }),
      "idle_timeout: the same": async (stage) => talk(stage, [request(1)], "closed", { listener: "idle" }),
      "idle_timeout and max_requests are counted": async (stage) =>
        withStats(stage, "^http\\.(once|idle)\\.downstream_cx_(idle|max)|^http2\\.goaway", async () => {
          await talk(stage, [request(1)], "closed", { listener: "idle" });
          await talk(stage, [request(1)], "closed", { listener: "once" });
        }),
      "connection_keepalive: who does not answer is let go": async (stage) =>
        withStats(stage, "keepalive", async () =>
          talk(stage, [post(1, "/tcp")], "closed", { listener: "pings" }),
        ),
    },
  }),
];
