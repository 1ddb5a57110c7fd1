import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { detectHttp } from "../../../data-plane/filters/detect-http.ts";
import { httpInspector } from "../../../data-plane/filters/http-inspector.ts";
import { tlsInspector } from "../../../data-plane/filters/tls-inspector.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";
import { changedStats, runContext } from "../run-kit.ts";
import { helloBytes } from "../network/hello-bytes.ts";

const TLS_INSPECTOR = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
const HTTP_INSPECTOR = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";

function inspect(
  extension: typeof tlsInspector,
  yaml: string,
  bytes: Buffer,
  prepare: (info: ConnectionInfo) => void = () => undefined,
) {
  const run = runContext();
  const typeName = extension === tlsInspector ? TLS_INSPECTOR : HTTP_INSPECTOR;
  const install = valueOf(extension.parse(message(typeName, yaml), parseContext(), ""));
  const own = socketAddress("127.0.0.1", 1)!;
  const info = new ConnectionInfo(1, own, own);
  prepare(info);
  const verdict = install(run, "listener.l").open(info)(bytes);
  return { verdict, info, stats: changedStats(run.stats, "") };
}

const untouched = { kind: "continue", consumed: 0 };

describe("tls_inspector", () => {
  it("tells what a ClientHello asks for, and takes nothing of it", () => {
    const bytes = helloBytes({ serverName: "WWW.example.com", protocols: ["h2"] });
    const { verdict, info, stats } = inspect(tlsInspector, "{}", bytes);
    assert.deepEqual(verdict, untouched);
    assert.equal(info.transportProtocol, "tls");
    assert.equal(info.serverName, "www.example.com");
    assert.deepEqual(info.applicationProtocols, ["h2"]);
    assert.deepEqual(stats, {
      "tls_inspector.alpn_found": 1,
      "tls_inspector.sni_found": 1,
      "tls_inspector.tls_found": 1,
    });
  });

  it("counts what a ClientHello lacks", () => {
    assert.deepEqual(inspect(tlsInspector, "{}", helloBytes({})).stats, {
      "tls_inspector.alpn_not_found": 1,
      "tls_inspector.sni_not_found": 1,
      "tls_inspector.tls_found": 1,
    });
  });

  it("lets other streams pass, and says so in dynamic metadata", () => {
    const { verdict, info, stats } = inspect(tlsInspector, "{}", Buffer.from("hello"));
    assert.deepEqual(verdict, untouched);
    assert.equal(info.transportProtocol, "raw_buffer");
    assert.deepEqual(stats, { "tls_inspector.tls_not_found": 1 });
    assert.deepEqual(info.metadata("envoy.filters.listener.tls_inspector"), {
      failure_reason: "ClientHelloNotDetected",
    });
  });

  it("closes other streams with close_connection_on_client_hello_parsing_errors", () => {
    const yaml = "{close_connection_on_client_hello_parsing_errors: true}";
    const { verdict, stats } = inspect(tlsInspector, yaml, Buffer.from("hello"));
    assert.deepEqual(verdict, { kind: "close" });
    assert.deepEqual(stats, { "tls_inspector.tls_not_found": 1 });
  });

  it("waits up to max_client_hello_size and closes a longer hello", () => {
    const bytes = helloBytes({ serverName: "a.test", extensions: [[21, Buffer.alloc(300)]] });
    assert.deepEqual(inspect(tlsInspector, "{max_client_hello_size: 256}", bytes.subarray(0, 255)).verdict, {
      kind: "more",
    });
    const { verdict, stats } = inspect(tlsInspector, "{max_client_hello_size: 256}", bytes);
    assert.deepEqual(verdict, { kind: "close" });
    assert.deepEqual(stats, { "tls_inspector.client_hello_too_large": 1 });
  });

  it("makes fingerprints when it is asked to", () => {
    const bytes = helloBytes({ serverName: "a.test" });
    const { info } = inspect(
      tlsInspector,
      "{enable_ja3_fingerprinting: true, enable_ja4_fingerprinting: true}",
      bytes,
    );
    // MD5 of "771,4865,0,,".
    assert.equal(info.ja3Hash, "1e7c622032b0cb79401b0f7be3793a1a");
    assert.equal(info.ja4Hash, "t12d010100_0f2cb44170f4_000000000000");
    const plain = inspect(tlsInspector, "{}", bytes).info;
    assert.deepEqual([plain.ja3Hash, plain.ja4Hash], [undefined, undefined]);
  });
});

describe("detectHttp() (as seen on Envoy 1.40)", () => {
  const rows: readonly (readonly [bytes: string, found: string])[] = [
    ["", "more"],
    ["G", "more"],
    ["GET / HTTP/1.1\r", "more"],
    ["GET / HTTP/1.1\r\n", "HTTP/1.1"],
    ["GET / HTTP/1.1\n", "HTTP/1.1"],
    ["get / HTTP/1.1\r\n", "HTTP/1.1"],
    ["1GET / HTTP/1.1\r\n", "HTTP/1.1"],
    ["GET\t/\tHTTP/1.1 \r\n", "HTTP/1.1"],
    ["GET http://a/ HTTP/1.1\r\n", "HTTP/1.1"],
    ["CONNECT a:1 HTTP/1.1\r\n", "HTTP/1.1"],
    ["GET / HTTP/1.0\r\n", "HTTP/1.0"],
    ["GET / HTTP/0.9\r\n", "HTTP/1.0"],
    ["POST /a\r\n", "HTTP/1.0"],
    ["GET / \r\n", "HTTP/1.0"],
    ["GET / HTTP/2.0\r\n", "HTTP/1.0"],
    ["PRI * HTTP/2.0\r\n", "more"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"],
    ["PRI * HTTP/2.0\r\n\r\nXX", "HTTP/1.0"],
    ["\r\nGET / HTTP/1.1\r\n", "none"],
    [" GET / HTTP/1.1\r\n", "none"],
    ["{", "none"],
    ["\x16\x03", "none"],
    ["\xff", "none"],
    ["-", "more"],
    ["hello\r\n", "none"],
    ["hello world\r\n", "none"],
    ["G@T / HTTP/1.1\r\n", "none"],
    ["GET world HTTP/1.1\r\n", "none"],
    ["GET \r\n", "none"],
    ["GET / HTTP/11\r\n", "none"],
    ["GET / http/1.1\r\n", "none"],
    ["GET /a b HTTP/1.1\r\n", "none"],
    ["GET /\x80 HTTP/1.1\r\n", "none"],
    ["GET http://a@@b/ HTTP/1.1\r\n", "none"],
  ];
  for (const [bytes, found] of rows) {
    it(`${JSON.stringify(bytes)}: ${found}`, () => {
      assert.equal(detectHttp(Buffer.from(bytes, "latin1")), found);
    });
  }
});

describe("http_inspector", () => {
  const rows: readonly (readonly [bytes: string, protocols: readonly string[], counter: string])[] = [
    ["GET / HTTP/1.1\r\n", ["http/1.1"], "http11_found"],
    ["GET / HTTP/1.0\r\n", ["http/1.0"], "http10_found"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["h2c"], "http2_found"],
    ["{}", [], "http_not_found"],
  ];
  for (const [bytes, protocols, counter] of rows) {
    it(`counts ${counter} for ${JSON.stringify(bytes)}`, () => {
      const { verdict, info, stats } = inspect(httpInspector, "{}", Buffer.from(bytes));
      assert.deepEqual(verdict, untouched);
      assert.deepEqual(info.applicationProtocols, protocols);
      assert.deepEqual(stats, { [`http_inspector.${counter}`]: 1 });
    });
  }

  it("does not look into TLS", () => {
    const { verdict, info, stats } = inspect(httpInspector, "{}", Buffer.alloc(0), (connection) => {
      connection.transportProtocol = "tls";
      connection.applicationProtocols = ["h2"];
    });
    assert.deepEqual(verdict, untouched);
    assert.deepEqual(info.applicationProtocols, ["h2"]);
    assert.deepEqual(stats, {});
  });

  it("closes when 64 KiB hold no line", () => {
    const { verdict, stats } = inspect(httpInspector, "{}", Buffer.from("G".repeat(65_536)));
    assert.deepEqual(verdict, { kind: "close" });
    assert.deepEqual(stats, { "http_inspector.read_error": 1 });
  });

  it("has no field", () => {
    const result = httpInspector.parse({ later: true }, parseContext(), "f");
    assert.deepEqual(problemsOf(result), ["f.later: not supported by the bundled data plane"]);
  });
});
