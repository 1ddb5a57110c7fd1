import { encodeV2 } from "../../../data-plane/proxy-protocol/encode-header.ts";
import { socketAddress } from "../../../src/base/ip-address.ts";
import type { JsonObject } from "../../kit/json.ts";
import type { ScriptedClient } from "../../kit/scripted-client.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  listener,
  proxyProtocolFilter,
  route,
  upstreamProxyProtocol,
} from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const all = { match_type: "INCLUDE_ALL" };

function headerClusters({ http }: Rig): JsonObject {
  const passing = upstreamProxyProtocol({ version: "V2", pass_through_tlvs: all });
  const keyed = {
    ...passing,
    typed_config: any("envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport", {
      config: { version: "V2", pass_through_tlvs: all },
      tlv_as_pool_key: true,
      transport_socket: {
        name: "raw",
        typed_config: any("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"),
      },
    }),
  };
  const quick = {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        {
          common_http_protocol_options: { idle_timeout: "0.3s" },
          explicit_http_config: { http_protocol_options: {} },
        },
      ),
    },
  };
  const aging = {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        {
          common_http_protocol_options: { max_connection_duration: "0.3s" },
          explicit_http_config: { http_protocol_options: {} },
        },
      ),
    },
  };
  const names = ["passing", "keyed", "quick", "aging"];
  return bootstrap(
    [
      listener("in", [connectionManager(names.map((name) => route(`/${name}`, name)))], {
        listener_filters: [proxyProtocolFilter({ pass_through_tlvs: all })],
      }),
    ],
    [
      cluster("passing", http.port, { transport_socket: passing }),
      cluster("keyed", http.port, { transport_socket: keyed }),
      cluster("quick", http.port, { transport_socket: passing, ...quick }),
      cluster("aging", http.port, { transport_socket: passing, ...aging }),
    ],
  );
}

interface Told {
  readonly port?: number;
  readonly tlv?: string;
}

/** A client whose PROXY header tells this source port and this value of TLV E0. */
async function clientOf(stage: Stage, { port = 1000, tlv }: Told): Promise<ScriptedClient> {
  const addresses = {
    source: socketAddress("192.0.2.1", port)!,
    destination: socketAddress("192.0.2.2", 80)!,
  };
  const tlvs = tlv === undefined ? [] : [{ type: 0xe0, value: Buffer.from(tlv) }];
  const client = await stage.connect();
  client.write(encodeV2(addresses, tlvs).bytes);
  return client;
}

/** `connection/request header` that served a request, connections counted from the first of the case. */
async function servedOn(client: ScriptedClient, path: string): Promise<{ connection: number; text: string }> {
  const before = client.received.length;
  client.write(`GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  const bytes = await client.receivedThat((received) => received.includes("\r\n\r\n", before));
  const answer = bytes.subarray(before).toString("latin1");
  const of = (name: string) => new RegExp(`${name}: (.*)\r\n`).exec(answer)?.[1] ?? "none";
  return { connection: Number(of("x-connection")), text: `${of("x-request")} ${of("x-proxy-header")}` };
}

/** Which connection serves each of these clients in turn, one request each: the first is 0. */
async function turns(stage: Stage, path: string, ...told: readonly Told[]): Promise<readonly string[]> {
  const served: { connection: number; text: string }[] = [];
  for (const one of told) served.push(await servedOn(await clientOf(stage, one), path));
  return served.map(({ connection, text }) => `${connection - served[0]!.connection} ${text}`);
}

export const scenes: readonly Scene[] = [
  scene({
    area: "proxy-protocol",
    name: "pools",
    bootstrap: headerClusters,
    cases: {
      "clients of equal addresses share a connection, one behind the other (PP-113)": async (stage) =>
        turns(stage, "passing", {}, {}),
      "another port is another connection (PP-113)": async (stage) =>
        turns(stage, "passing", { port: 1 }, { port: 2 }, { port: 1 }),
      "a client is served on a connection with another one's TLVs (PP-114)": async (stage) =>
        turns(stage, "passing", { port: 3, tlv: "first" }, { port: 3, tlv: "second" }),
      "tlv_as_pool_key keeps them apart": async (stage) =>
        turns(
          stage,
          "keyed",
          { port: 4, tlv: "first" },
          { port: 4, tlv: "second" },
          { port: 4, tlv: "first" },
        ),
      "a connection outlives the client that it was opened for (PP-116)": async (stage, rig) => {
        const client = await clientOf(stage, { port: 5 });
        const first = await servedOn(client, "passing");
        const connection = await stage.upstream(rig.http);
        client.end();
        await client.closed();
        const second = await servedOn(await clientOf(stage, { port: 5 }), "passing");
        return { upstream: connection.ending, isSame: first.connection === second.connection };
      },
      "idle_timeout ends a connection that nobody uses (PP-117)": async (stage) => {
        const counted = await stage.counted("^cluster\\.quick\\.upstream_cx_(idle|destroy)", async () => {
          await servedOn(await clientOf(stage, { port: 6 }), "quick");
          const name = "cluster.quick.upstream_cx_idle_timeout";
          while ((await stage.admin.stats(`^${name}$`)).get(name) !== 1);
        });
        return { counted };
      },
      "max_connection_duration ends a connection of that age": async (stage) => {
        const counted = await stage.counted("^cluster\\.aging\\.upstream_cx_(max|destroy)", async () => {
          await servedOn(await clientOf(stage, { port: 7 }), "aging");
          const name = "cluster.aging.upstream_cx_max_duration_reached";
          while ((await stage.admin.stats(`^${name}$`)).get(name) !== 1);
        });
        return { counted };
      },
    },
  }),
];
