import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { http2Config } from "../../../data-plane/resources/http2-options.ts";
import { parseCluster } from "../../../data-plane/resources/cluster.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";

const type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const parse = (options: string, more = "") =>
  parseCluster(
    message(
      "envoy.config.cluster.v3.Cluster",
      `{name: a, typed_extension_protocol_options: {${type}: {"@type": type.googleapis.com/${type}, ${options}}}${more}}`,
    ),
    parseContext(),
    "",
  );
const http2 = (fields: string) => parse(`explicit_http_config: {http2_protocol_options: {${fields}}}`);

describe("Http2ProtocolOptions", () => {
  it("has Envoy's defaults", () => {
    const { limits, keepalive } = http2Config(undefined, { maxHeaders: 100, maxHeadBytes: 61_440 });
    assert.equal(keepalive, undefined);
    assert.deepEqual(limits, {
      hpackTableBytes: 4096,
      maxConcurrentStreams: 1024,
      streamWindowBytes: 16 << 20,
      connectionWindowBytes: 24 << 20,
      maxOutboundFrames: 10_000,
      maxOutboundControlFrames: 1000,
      maxConsecutiveEmptyFrames: 1,
      maxPriorityFramesPerStream: 100,
      maxWindowUpdatesPerDataFrame: 10,
      resetsStreamOnInvalidMessage: false,
      maxFieldBytes: 65_536,
      maxHeaders: 100,
      maxHeadBytes: 61_440,
    });
  });

  it("reads what is set", () => {
    const config = valueOf(
      http2(
        "max_concurrent_streams: 7, initial_stream_window_size: 70000, override_stream_error_on_invalid_http_message: true, connection_keepalive: {interval: 30s, timeout: 5s, interval_jitter: {value: 10}}",
      ),
    ).http.http2;
    assert.equal(config.limits.maxConcurrentStreams, 7);
    assert.equal(config.limits.streamWindowBytes, 70_000);
    assert.equal(config.limits.resetsStreamOnInvalidMessage, true);
    assert.deepEqual(config.keepalive, {
      intervalMs: 30_000,
      timeoutMs: 5000,
      jitter: 0.1,
      idleIntervalMs: 0,
    });
  });

  for (const [field, yaml] of [
    ["allow_connect", "allow_connect: true"],
    ["allow_metadata", "allow_metadata: true"],
    ["custom_settings_parameters", "custom_settings_parameters: [{identifier: 9, value: 1}]"],
  ]) {
    it(`is refused with ${field}, which is named`, () => {
      assert.match(problemsOf(http2(yaml!)).join("\n"), new RegExp(`http2_protocol_options\\.${field}`));
    });
  }

  it("tells the protocol of a cluster's requests", () => {
    assert.equal(valueOf(http2("")).http.protocol, "HTTP/2");
    assert.equal(
      valueOf(parse("explicit_http_config: {http_protocol_options: {}}")).http.protocol,
      "HTTP/1.1",
    );
    assert.equal(valueOf(parse("use_downstream_protocol_config: {}")).http.protocol, "downstream");
  });

  it("takes auto_config only where ALPN can tell", () => {
    const text = "ALPN configured for cluster a which has a non-ALPN transport socket";
    assert.match(problemsOf(parse("auto_config: {}")).join("\n"), new RegExp(text));
    const tls =
      ', transport_socket: {name: tls, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}}';
    assert.equal(valueOf(parse("auto_config: {}", tls)).http.protocol, "auto");
    assert.match(
      problemsOf(parse("auto_config: {http3_protocol_options: {}}", tls)).join("\n"),
      /http3_protocol_options/,
    );
  });
});
