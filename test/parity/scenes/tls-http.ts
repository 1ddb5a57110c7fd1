import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { downstreamTls, inline, tlsCertificate, tlsExchange, world } from "../tls-world.ts";

const all = { subject: true, cert: true, chain: true, dns: true, uri: true };

/** Listener → what its connection manager does with `x-forwarded-client-cert`. */
const forwarding: Readonly<Record<string, JsonObject>> = {
  sanitize: {},
  "forward-only": { forward_client_cert_details: "FORWARD_ONLY" },
  append: {
    forward_client_cert_details: "APPEND_FORWARD",
    set_current_client_cert_details: { subject: true },
  },
  set: { forward_client_cert_details: "SANITIZE_SET", set_current_client_cert_details: all },
  bare: { forward_client_cert_details: "SANITIZE_SET" },
  always: { forward_client_cert_details: "ALWAYS_FORWARD_ONLY" },
  edge: { use_remote_address: true },
};

const operators = [
  "DOWNSTREAM_TLS_VERSION",
  "DOWNSTREAM_TLS_CIPHER",
  "DOWNSTREAM_PEER_URI_SAN",
  "DOWNSTREAM_PEER_DNS_SAN",
  "DOWNSTREAM_PEER_IP_SAN",
  "DOWNSTREAM_PEER_EMAIL_SAN",
  "DOWNSTREAM_LOCAL_URI_SAN",
  "DOWNSTREAM_LOCAL_DNS_SAN",
  "DOWNSTREAM_LOCAL_SUBJECT",
  "DOWNSTREAM_PEER_SUBJECT",
  "DOWNSTREAM_PEER_ISSUER",
  "DOWNSTREAM_PEER_SERIAL",
  "DOWNSTREAM_PEER_FINGERPRINT_1",
  "DOWNSTREAM_PEER_FINGERPRINT_256",
  "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
  "DOWNSTREAM_PEER_CHAIN_SERIALS",
  "DOWNSTREAM_PEER_CERT",
  "DOWNSTREAM_PEER_CERT_V_START(%s)",
  "DOWNSTREAM_PEER_CERT_V_END",
  "REQUESTED_SERVER_NAME",
];

function httpScene(rig: Rig): JsonObject {
  const { ca, proxy } = world();
  const common = {
    tls_certificates: [tlsCertificate(proxy)],
    validation_context: { trusted_ca: inline(ca.cert) },
  };
  const secured = (name: string, more: JsonObject) =>
    listener(name, [], {
      filter_chains: [
        {
          filters: [connectionManager([route("/", "http")], more)],
          transport_socket: downstreamTls(common),
        },
      ],
    });
  const format = textFormat(operators.map((operator) => `%${operator}%`).join("|"));
  return bootstrap(
    [
      ...Object.entries(forwarding).map(([name, more]) => secured(name, more)),
      secured("log", { access_log: [fileLog(rig.file("tls.log"), format)] }),
    ],
    [cluster("http", rig.http.port)],
  );
}

type Show = "certificate" | "nothing";

/** The lines of the request as the upstream got them, and of the answer. */
function request(listenerName: string, show: Show, headers = ""): (stage: Stage) => Promise<JsonValue> {
  return (stage) =>
    tlsExchange(
      stage,
      listenerName,
      `GET / HTTP/1.1\r\nhost: a.example\r\n${headers}\r\n`,
      show === "certificate" ? world().edge : {},
    );
}

const forged = "x-forwarded-client-cert: By=somebody;Hash=00\r\n";

export const scenes: readonly Scene[] = [
  scene({
    area: "tls",
    name: "HTTP",
    bootstrap: httpScene,
    cases: {
      "the scheme is https": request("sanitize", "nothing"),
      "a scheme that a client claims stays without use_remote_address": request(
        "sanitize",
        "nothing",
        "x-forwarded-proto: http\r\n",
      ),
      "a scheme that a client claims goes at the edge": request(
        "edge",
        "nothing",
        "x-forwarded-proto: http\r\n",
      ),
      "SANITIZE removes the header": request("sanitize", "certificate", forged),
      "FORWARD_ONLY keeps it of a client with a certificate": request("forward-only", "certificate", forged),
      "FORWARD_ONLY removes it of a client without": request("forward-only", "nothing", forged),
      "APPEND_FORWARD appends to it": request("append", "certificate", forged),
      "APPEND_FORWARD begins it": request("append", "certificate"),
      "SANITIZE_SET replaces it": request("set", "certificate", forged),
      "SANITIZE_SET with no detail": request("bare", "certificate", forged),
      "SANITIZE_SET without a certificate": request("set", "nothing", forged),
      "ALWAYS_FORWARD_ONLY keeps it of anybody": request("always", "nothing", forged),
      "what a log tells of a client with a certificate": async (stage) => {
        stage.logMark("tls.log");
        await request("log", "certificate")(stage);
        return loggedFields(await stage.logLines("tls.log", 1));
      },
      "what a log tells of a client without": async (stage) => {
        stage.logMark("tls.log");
        await request("log", "nothing")(stage);
        return loggedFields(await stage.logLines("tls.log", 1));
      },
    },
  }),
];

/** By the operator, so that a difference is told by its name. */
function loggedFields([line = ""]: readonly string[]): JsonObject {
  const fields = line.split("|");
  return Object.fromEntries(operators.map((operator, index) => [operator, fields[index] ?? ""]));
}
