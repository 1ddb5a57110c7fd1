import { socketAddress } from "../../../src/base/ip-address.ts";
import { encodeV2 } from "../../../data-plane/proxy-protocol/encode-header.ts";
import type { Tlv } from "../../../data-plane/proxy-protocol/header.ts";
import type { JsonObject } from "../../kit/json.ts";
import {
  bootstrap,
  cluster,
  connectionManager,
  listener,
  proxyProtocolFilter,
  route,
  tcpProxy,
  upstreamProxyProtocol,
} from "../bootstrap.ts";
import { splitHeader } from "../proxy-header.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const V1_LINE = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n";
const V1_LINE_6 = "PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n";

function v2(source: string, destination: string, tlvs: readonly Tlv[] = []): Buffer {
  const [from, to] = [socketAddress(source, 4711)!, socketAddress(destination, 80)!];
  return encodeV2({ source: from, destination: to }, tlvs).bytes;
}

const LOCAL = encodeV2(undefined, []).bytes;
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const readsHeader = { listener_filters: [proxyProtocolFilter()] };

const managerTo = (name: string) => connectionManager([route("/", name)], { use_remote_address: true });

function httpScene(rig: Rig): JsonObject {
  const manager = managerTo("http");
  const clusters = [
    cluster("http", rig.http.port),
    cluster("v1", rig.http.port, { transport_socket: upstreamProxyProtocol({ version: "V1" }) }),
    cluster("v2", rig.http.port, { transport_socket: upstreamProxyProtocol({ version: "V2" }) }),
  ];
  return bootstrap(
    [
      listener("in", [manager], readsHeader),
      listener("to-v1", [managerTo("v1")], readsHeader),
      listener("to-v2", [managerTo("v2")], {
        listener_filters: [proxyProtocolFilter({ pass_through_tlvs: { match_type: "INCLUDE_ALL" } })],
      }),
      listener("optional", [manager], {
        listener_filters: [proxyProtocolFilter({ allow_requests_without_proxy_protocol: true })],
      }),
    ],
    clusters,
  );
}

const sends =
  (listenerName: string, header: string | Buffer, payload = GET) =>
  async (stage: Stage): Promise<JsonObject> =>
    stage.exchange(Buffer.concat([Buffer.from(header), Buffer.from(payload)]), { listener: listenerName });

/** The counters of the filter and of the listener that a refused connection raises, and how the connection ends. */
const refused =
  (listenerName: string, bytes: string | Buffer) =>
  async (stage: Stage): Promise<JsonObject> => {
    let ending = "";
    const counted = await stage.counted("proxy_proto|^listener.*downstream_cx", async () => {
      const client = await stage.connect(listenerName);
      client.write(bytes);
      await client.closed();
      ending = client.ending;
    });
    return { ending, counted };
  };

function tcpScene(rig: Rig): JsonObject {
  const clusters = (["V1", "V2"] as const).map((version) =>
    cluster(version, rig.tcp.port, { transport_socket: upstreamProxyProtocol({ version }) }),
  );
  const all = { pass_through_tlvs: { match_type: "INCLUDE_ALL" } };
  const some = { pass_through_tlvs: { match_type: "INCLUDE", tlv_type: [0xe4] } };
  return bootstrap(
    [
      listener("v1", [tcpProxy("V1")], { listener_filters: [proxyProtocolFilter(all)] }),
      listener("v2", [tcpProxy("V2")], { listener_filters: [proxyProtocolFilter(all)] }),
      listener("some", [tcpProxy("V2")], { listener_filters: [proxyProtocolFilter(some)] }),
      listener("bare-v1", [tcpProxy("V1")]),
      listener("bare-v2", [tcpProxy("V2")]),
    ],
    clusters,
  );
}

/** The header that the upstream gets, and the payload behind it. */
const relayed =
  (listenerName: string, header: string | Buffer) =>
  async (stage: Stage, rig: Rig): Promise<JsonObject> => {
    const client = await stage.connect(listenerName);
    client.write(Buffer.concat([Buffer.from(header), Buffer.from("ping")]));
    const connection = await stage.upstream(rig.tcp);
    await connection.receivedThat((bytes) => bytes.toString("latin1").endsWith("ping"));
    connection.socket.end("pong");
    await client.closed();
    return { ...splitHeader(connection.received), answer: client.received.toString(), ending: client.ending };
  };

const tlvs: readonly Tlv[] = [
  { type: 0xe4, value: Buffer.from("vpce") },
  { type: 0x02, value: Buffer.from("a.example") },
];

export const scenes: readonly Scene[] = [
  scene({
    area: "proxy protocol",
    name: "over HTTP",
    bootstrap: httpScene,
    cases: {
      "a version 1 header's address goes into x-forwarded-for": sends("in", V1_LINE),
      "a version 1 header with IPv6": sends("in", V1_LINE_6),
      "PROXY UNKNOWN keeps the socket's address": sends("in", "PROXY UNKNOWN\r\n"),
      "a version 2 header's address goes into x-forwarded-for": sends("in", v2("203.0.113.8", "192.0.2.1")),
      "a version 2 header with IPv6": sends("in", v2("2001:db8::8", "2001:db8::1")),
      "LOCAL keeps the socket's address": sends("in", LOCAL),
      "a private address in the header makes an internal request": sends("in", v2("10.1.2.3", "10.0.0.1")),
      "a request without a header where it is optional": sends("optional", ""),
      "a request with a header where it is optional": sends("optional", V1_LINE),
      "the header's addresses are written upstream, version 1": sends("to-v1", V1_LINE),
      "version 2 in, version 1 out": sends("to-v1", v2("203.0.113.9", "192.0.2.1")),
      "version 1 in, version 2 out": sends("to-v2", V1_LINE),
      "IPv6 in, version 2 out": sends("to-v2", V1_LINE_6),
      "TLVs pass through over HTTP": sends("to-v2", v2("203.0.113.9", "192.0.2.1", tlvs)),
      "one connection upstream for one client, kept alive": async (stage) =>
        stage.exchange(V1_LINE.replace("4711", "4712") + GET + GET, { listener: "to-v1", count: 2 }),
      "another port of the client gets another connection upstream": async (stage) => [
        await stage.exchange(V1_LINE.replace("4711", "4713") + GET, { listener: "to-v1" }),
        await stage.exchange(V1_LINE.replace("4711", "4714") + GET, { listener: "to-v1" }),
      ],
      "the same client again gets its connection upstream back": async (stage) => [
        await stage.exchange(V1_LINE.replace("4711", "4715") + GET, { listener: "to-v1" }),
        await stage.exchange(V1_LINE.replace("4711", "4715") + GET, { listener: "to-v1" }),
      ],
      "a request without the header is refused": refused("in", GET),
      "a malformed version 1 line is refused": refused("in", "PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n"),
      "a version 1 line without an end is refused": refused("in", `PROXY TCP4 ${"1".repeat(240)}`),
      "a version 2 header of another version is refused": refused(
        "in",
        Buffer.concat([LOCAL.subarray(0, 12), Buffer.from("31110000", "hex")]),
      ),
    },
  }),
  scene({
    area: "proxy protocol",
    name: "over TCP",
    bootstrap: tcpScene,
    cases: {
      "a version 1 header is written anew": relayed("v1", V1_LINE),
      "version 2 in, version 1 out": relayed("v1", v2("203.0.113.9", "192.0.2.1", tlvs)),
      "version 1 in, version 2 out": relayed("v2", V1_LINE),
      "TLVs pass through": relayed("v2", v2("203.0.113.9", "192.0.2.1", tlvs)),
      "only chosen TLVs pass through": relayed("some", v2("203.0.113.9", "192.0.2.1", tlvs)),
      "IPv6 in version 2": relayed("v2", v2("2001:db8::9", "2001:db8::1", tlvs)),
      "UNKNOWN in, version 1 out": relayed("v1", "PROXY UNKNOWN\r\n"),
      "LOCAL in, version 2 out": relayed("v2", LOCAL),
      "a plain client's own addresses, version 1": relayed("bare-v1", ""),
      "a plain client's own addresses, version 2": relayed("bare-v2", ""),
    },
  }),
];
