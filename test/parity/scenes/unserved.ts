import type { JsonObject, JsonValue } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  fileLog,
  listener,
  route,
  tcpProxy,
  textFormat,
} from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import { about, type Stage } from "../stage.ts";
import { downstreamTls, tlsCertificate, world } from "../tls-world.ts";

/** A gate that lets nobody, or nobody but the first, through. */
const gates: Readonly<Record<string, JsonObject>> = {
  rate: gate("local_ratelimit.v3.LocalRateLimit", {
    token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: "600s" },
  }),
  number: gate("connection_limit.v3.ConnectionLimit", { max_connections: 1 }),
  late: gate("connection_limit.v3.ConnectionLimit", {
    max_connections: 1,
    delay: "0.3s",
    stat_prefix: "late",
  }),
};

function gate(type: string, fields: JsonObject): JsonObject {
  return {
    name: "gate",
    typed_config: any(`envoy.extensions.filters.network.${type}`, { stat_prefix: "gate", ...fields }),
  };
}

/** The last filters of the chains, with a log of their own. */
function terminals(rig: Rig, name: string): Readonly<Record<string, JsonObject>> {
  const log = (kind: string) => [
    fileLog(
      rig.file(`${name}-${kind}.log`),
      textFormat("%RESPONSE_FLAGS% %RESPONSE_CODE% %CONNECTION_TERMINATION_DETAILS% %BYTES_RECEIVED%"),
    ),
  ];
  const idle = name === "tls" ? "0.3s" : "60s";
  return {
    http: connectionManager([route("/", "http")], {
      stat_prefix: `${name}-http`,
      access_log: log("http"),
      common_http_protocol_options: { idle_timeout: idle },
    }),
    tcp: tcpProxy("tcp", { stat_prefix: `${name}-tcp`, access_log: log("tcp"), idle_timeout: idle }),
    limited: tcpProxy("tcp", {
      stat_prefix: `${name}-limited`,
      access_log: log("limited"),
      max_downstream_connection_duration: "0.3s",
    }),
  };
}

function unservedBootstrap(rig: Rig): JsonObject {
  const gated = Object.entries(gates).flatMap(([name, filter]) =>
    Object.entries(terminals(rig, name)).map(([kind, terminal]) =>
      listener(`${name}-${kind}`, [filter, terminal]),
    ),
  );
  const transport_socket = downstreamTls({ tls_certificates: [tlsCertificate(world().server)] });
  const secured = Object.entries(terminals(rig, "tls")).map(([kind, terminal]) => ({
    ...listener(`tls-${kind}`, []),
    filter_chains: [{ transport_socket, filters: [terminal] }],
  }));
  return bootstrap([...gated, ...secured], [cluster("http", rig.http.port), cluster("tcp", rig.tcp.port)]);
}

const kindOf = (name: string) => name.split("-")[1];

/** What comes of the second of two connections. */
const second = (name: string) => async (stage: Stage) => {
  const file = `${name}.log`;
  await using first = await stage.connect(name);
  stage.logMark(file);
  const counted = await stage.counted(
    `^(http|tcp|listener).*[._](${name}|cx_|idle|connection_duration)`,
    async () => {
      const refused = await stage.connect(name);
      await refused.closed();
    },
  );
  const log = kindOf(name) === "tcp" ? await stage.logLines(file, 1) : [];
  return { counted, log, isServed: !first.isClosed };
};

/** What comes of a client that begins no handshake, or a wrong one. */
const unsecured =
  (kind: string, bytes: string) =>
  async (stage: Stage): Promise<JsonValue> => {
    const file = `tls-${kind}.log`;
    stage.logMark(file);
    const outcome: JsonObject[] = [];
    const counted = await stage.counted("^(http|tcp|listener)|ssl", async () => {
      const start = performance.now();
      await using client = await stage.connect(`tls-${kind}`);
      if (bytes !== "") client.write(bytes);
      await client.closed();
      const tookMs = performance.now() - start;
      // How soon a wrong handshake ends is a matter of the machine.
      outcome.push({ ending: client.ending, took: bytes === "" ? about(tookMs, 300) : "at once" });
    });
    const log = kind === "http" ? [] : await stage.logLines(file, 1);
    return { outcome, counted, log };
  };

export const scenes: readonly Scene[] = [
  scene({
    area: "listeners",
    name: "connections that are not served",
    bootstrap: unservedBootstrap,
    cases: {
      ...Object.fromEntries(
        Object.keys(gates).flatMap((name) =>
          ["http", "tcp"].map((kind) => [
            `refused by ${name}, in front of ${kind}`,
            second(`${name}-${kind}`),
          ]),
        ),
      ),
      ...Object.fromEntries(
        ["http", "tcp", "limited"].flatMap((kind) => [
          [`a client that begins no handshake: ${kind}`, unsecured(kind, "")],
          [`a client that speaks no TLS: ${kind}`, unsecured(kind, "hello, anybody there?\r\n\r\n")],
        ]),
      ),
    },
  }),
];
