import type { JsonObject, JsonValue } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  listener,
  proxyProtocolFilter,
  route,
  tcpProxy,
} from "../bootstrap.ts";
import { echoing, type Rig } from "../rig.ts";
import { scene, sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import {
  downstreamTls,
  inline,
  startTlsUpstream,
  tlsCertificate,
  tlsEcho,
  upstreamTls,
  world,
} from "../tls-world.ts";

/** What moves in `ssl.`, but for curves and signature algorithms, which Node does not tell of a server's handshake. */
const SSL =
  "ssl\\.(handshake|connection_error|fail_verify|no_certificate|session_reused|ciphers|versions)|no_filter_chain";

function tlsListener(
  name: string,
  common: JsonObject,
  more: JsonObject = {},
  fields: JsonObject = {},
): JsonObject {
  const chain = { filters: [tcpProxy("tcp")], transport_socket: downstreamTls(common, more) };
  return listener(name, [], { filter_chains: [chain], ...fields });
}

function downstreamScene(rig: Rig): JsonObject {
  const { ca, server, rsa, other, unnamed, revokedList } = world();
  const all = { tls_certificates: [server, rsa, other, unnamed].map(tlsCertificate) };
  const one = { tls_certificates: [tlsCertificate(server)] };
  const trust = { trusted_ca: inline(ca.cert) };
  const required = { require_client_certificate: true };
  const names = [{ san_type: "URI", matcher: { prefix: "spiffe://fleet/" } }];
  return bootstrap(
    [
      tlsListener("all", all),
      tlsListener(
        "scan",
        { tls_certificates: [rsa, other].map(tlsCertificate) },
        { full_scan_certs_on_sni_mismatch: true },
      ),
      tlsListener("first", { tls_certificates: [rsa, other].map(tlsCertificate) }),
      tlsListener("alpn", { ...one, alpn_protocols: ["h2", "http/1.1"] }),
      tlsListener("old", { ...one, tls_params: { tls_maximum_protocol_version: "TLSv1_2" } }),
      tlsListener("new", { ...one, tls_params: { tls_minimum_protocol_version: "TLSv1_3" } }),
      tlsListener("cipher", {
        ...one,
        tls_params: {
          cipher_suites: ["ECDHE-ECDSA-AES256-GCM-SHA384"],
          tls_maximum_protocol_version: "TLSv1_2",
        },
      }),
      tlsListener("required", { ...one, validation_context: trust }, required),
      tlsListener("optional", { ...one, validation_context: trust }),
      tlsListener("bare", one, required),
      tlsListener(
        "names",
        { ...one, validation_context: { ...trust, match_typed_subject_alt_names: names } },
        required,
      ),
      tlsListener(
        "untrusted",
        { ...one, validation_context: { ...trust, trust_chain_verification: "ACCEPT_UNTRUSTED" } },
        required,
      ),
      tlsListener(
        "expired",
        { ...one, validation_context: { ...trust, allow_expired_certificate: true } },
        required,
      ),
      tlsListener("crl", { ...one, validation_context: { ...trust, crl: inline(revokedList) } }, required),
      tlsListener("header", one, {}, { listener_filters: [proxyProtocolFilter()] }),
      listener("chains", [], {
        listener_filters: [
          {
            name: "tls_inspector",
            typed_config: any("envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"),
          },
        ],
        filter_chains: [
          {
            filter_chain_match: { server_names: ["b.example"] },
            filters: [tcpProxy("tcp")],
            transport_socket: downstreamTls({ tls_certificates: [tlsCertificate(other)] }),
          },
          {
            filter_chain_match: { server_names: ["a.example"] },
            filters: [tcpProxy("tcp")],
            transport_socket: downstreamTls(one),
          },
        ],
      }),
    ],
    [cluster("tcp", rig.tcp.port)],
  );
}

/** A TLS client of a listener in front of an echo, with the counters of its handshake. */
async function echoCase(
  stage: Stage,
  rig: Rig,
  name: string,
  options: Parameters<typeof tlsEcho>[2] = {},
): Promise<JsonValue> {
  rig.tcp.behave(echoing);
  let seen: JsonValue = "";
  const counted = await stage.counted(SSL, async () => {
    seen = await tlsEcho(stage, name, options);
  });
  return { seen, counted };
}

const rsaOnly = {
  maxVersion: "TLSv1.2",
  sigalgs: "rsa_pss_rsae_sha256:rsa_pkcs1_sha256",
  ciphers: "ECDHE-RSA-AES128-GCM-SHA256",
} as const;

type EchoOptions = NonNullable<Parameters<typeof tlsEcho>[2]>;
type EchoCase = readonly [title: string, listener: string, options: () => EchoOptions];

const echoCases: readonly EchoCase[] = [
  ["a name is the certificate's", "all", () => ({ servername: "b.example" })],
  ["a name falls under a wildcard", "all", () => ({ servername: "x.wild.example" })],
  ["a wildcard stands for one label", "all", () => ({ servername: "x.y.wild.example" })],
  ["a name is the common name of a certificate without others", "all", () => ({ servername: "c.example" })],
  ["a name that no certificate has gets the first", "all", () => ({ servername: "nobody.example" })],
  ["no name gets the first that fits", "all", () => ({})],
  ["a client that takes ECDSA gets it", "all", () => ({ servername: "a.example" })],
  ["a client that does not gets RSA", "all", () => ({ servername: "a.example", ...rsaOnly })],
  ["an unknown name gets the first", "first", () => ({ servername: "nobody.example" })],
  [
    "an unknown name gets what fits with full_scan_certs_on_sni_mismatch",
    "scan",
    () => ({ servername: "nobody.example" }),
  ],
  ["the server's order of protocols counts", "alpn", () => ({ ALPNProtocols: ["http/1.1", "h2"] })],
  ["without a common protocol there is none", "alpn", () => ({ ALPNProtocols: ["spdy/3"] })],
  ["without ALPN there is none", "alpn", () => ({})],
  ["TLS 1.2 where that is the newest", "old", () => ({})],
  ["TLS 1.3 is refused where TLS 1.2 is the newest", "old", () => ({ minVersion: "TLSv1.3" })],
  ["TLS 1.2 is refused where TLS 1.3 is the oldest", "new", () => ({ maxVersion: "TLSv1.2" })],
  [
    "TLS 1.1 is refused",
    "all",
    () => ({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
  ],
  ["the configured cipher", "cipher", () => ({})],
  ["no common cipher", "cipher", () => ({ ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256", maxVersion: "TLSv1.2" })],
  ["a required certificate", "required", () => ({ ...world().edge })],
  ["a required certificate is not there", "required", () => ({})],
  ["a required certificate is not there, in TLS 1.2", "required", () => ({ maxVersion: "TLSv1.2" })],
  ["a required certificate is from somebody else", "required", () => ({ ...world().foreign })],
  ["a required certificate has expired", "required", () => ({ ...world().expired })],
  ["a required certificate is for servers", "required", () => ({ ...world().serverOnly })],
  ["a certificate that is not required is not there", "optional", () => ({})],
  ["a certificate that is not required is from somebody else", "optional", () => ({ ...world().foreign })],
  ["any certificate is let in where none is trusted", "bare", () => ({ ...world().foreign })],
  ["a certificate is required where none is trusted", "bare", () => ({})],
  ["a certificate with the name", "names", () => ({ ...world().edge })],
  ["a certificate without the name", "names", () => ({ ...world().other })],
  ["an untrusted certificate with ACCEPT_UNTRUSTED", "untrusted", () => ({ ...world().foreign })],
  ["no certificate with ACCEPT_UNTRUSTED", "untrusted", () => ({})],
  ["an expired certificate with allow_expired_certificate", "expired", () => ({ ...world().expired })],
  ["a revoked certificate", "crl", () => ({ ...world().server })],
  ["a certificate that is not on the list", "crl", () => ({ ...world().edge })],
  ["a filter chain by server name", "chains", () => ({ servername: "b.example" })],
  ["no filter chain for a server name", "chains", () => ({ servername: "c.example" })],
];

const VERIFY =
  "^cluster\\..*\\.(ssl\\.(handshake|connection_error|fail|no_cert|versions|ciphers)|upstream_cx_(connect_fail|total|destroy))";

function verifying(fields: JsonObject): JsonObject {
  return { validation_context: { trusted_ca: inline(world().ca.cert), ...fields } };
}

interface Upstreams {
  readonly [name: string]: Awaited<ReturnType<typeof startTlsUpstream>>;
}

async function startUpstreams(): Promise<Upstreams> {
  const { server, expired, foreign, ca } = world();
  return {
    good: await startTlsUpstream(server, { ALPNProtocols: ["http/1.1"] }),
    expired: await startTlsUpstream(expired),
    foreign: await startTlsUpstream(foreign),
    mutual: await startTlsUpstream(server, { ca: ca.cert, requestCert: true, rejectUnauthorized: true }),
    modern: await startTlsUpstream(server, { minVersion: "TLSv1.3" }),
  };
}

/** `match_typed_subject_alt_names` of one DNS name. */
function dnsName(exact: string): JsonObject {
  return { match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact } }] };
}

/** A cluster's `upstream_http_protocol_options`. */
function serverNames(options: JsonObject): JsonObject {
  const type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const http = any(type, {
    upstream_http_protocol_options: options,
    explicit_http_config: { http_protocol_options: {} },
  });
  return { typed_extension_protocol_options: { [type]: http } };
}

/** Cluster → upstream, `common_tls_context`, other fields, fields of the cluster. */
function upstreamClusters(): Readonly<
  Record<string, readonly [string, JsonObject, JsonObject?, JsonObject?]>
> {
  return {
    unverified: ["foreign", {}],
    verified: ["good", verifying({})],
    sni: ["good", {}, { sni: "a.example" }],
    alpn: ["good", { alpn_protocols: ["http/1.1"] }],
    named: ["good", verifying(dnsName("a.example"))],
    wildcard: ["good", verifying(dnsName("x.wild.example"))],
    misnamed: ["good", verifying(dnsName("nobody.example"))],
    foreign: ["foreign", verifying({})],
    expired: ["expired", verifying({})],
    allowed: ["expired", verifying({ allow_expired_certificate: true })],
    hashed: ["foreign", { validation_context: { verify_certificate_hash: ["00".repeat(32)] } }],
    "auto-sni-san": ["good", verifying({}), { sni: "b.example", auto_sni_san_validation: true }],
    auto: ["good", verifying({}), {}, serverNames({ auto_sni: true, auto_san_validation: true })],
    mutual: ["mutual", { tls_certificates: [tlsCertificate(world().edge)] }],
    unknown: ["mutual", {}],
    modern: ["modern", {}],
    "modern-too": ["modern", { tls_params: { tls_maximum_protocol_version: "TLSv1_3" } }],
  };
}

function upstreamScene(rig: Rig<Upstreams>): JsonObject {
  const clusters = Object.entries(upstreamClusters());
  return bootstrap(
    [
      listener("in", [
        connectionManager([...clusters.map(([name]) => route(`/${name}/`, name)), route("/plain/", "plain")]),
      ]),
    ],
    [
      ...clusters.map(([name, [to, common, more, fields]]) =>
        cluster(name, rig.more[to]!.port, { transport_socket: upstreamTls(common, more), ...fields }),
      ),
      cluster("plain", rig.http.port, { transport_socket: upstreamTls({}) }),
    ],
  );
}

async function requestCase(stage: Stage, path: string, host = "a.example"): Promise<JsonValue> {
  let answered: JsonValue = "";
  const counted = await stage.counted(VERIFY, async () => {
    answered = await stage.exchange(`GET /${path}/ HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  });
  return { answered, counted };
}

type UpstreamCase = readonly [title: string, path: string, host?: string];

const upstreamCases: readonly UpstreamCase[] = [
  ["nobody is verified without a validation context", "unverified"],
  ["a server of an authority's", "verified"],
  ["the server name is sent", "sni"],
  ["the protocols are offered", "alpn"],
  ["a server has the name", "named"],
  ["a server has a wildcard for the name", "wildcard"],
  ["a server does not have the name", "misnamed"],
  ["a server of another authority's", "foreign"],
  ["a server that has expired", "expired"],
  ["a server that has expired with allow_expired_certificate", "allowed"],
  ["a server with another hash", "hashed"],
  ["a server without the name that was sent", "auto-sni-san"],
  ["auto_sni and auto_san_validation", "auto", "a.example:8080"],
  ["auto_sni with a name that the server does not have", "auto", "b.example"],
  ["auto_sni with an address", "auto", "127.0.0.1"],
  ["a client certificate", "mutual"],
  ["no client certificate where one is required", "unknown"],
  ["TLS 1.2 is the newest of a client", "modern"],
  ["TLS 1.3 with tls_maximum_protocol_version", "modern-too"],
  ["a server that speaks no TLS", "plain"],
];

export const scenes: readonly Scene[] = [
  scene({
    area: "tls",
    name: "to clients",
    bootstrap: downstreamScene,
    cases: {
      ...Object.fromEntries(
        echoCases.map(([title, name, options]) => [
          title,
          (stage: Stage, rig: Rig) => echoCase(stage, rig, name, options()),
        ]),
      ),
      "a PROXY header and the ClientHello in one segment": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const line = Buffer.from("PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\n");
        return tlsEcho(stage, "header", {}, (bytes, isFirst) => [
          isFirst ? Buffer.concat([line, bytes]) : bytes,
        ]);
      },
      "a ClientHello in many pieces": async (stage, rig) => {
        rig.tcp.behave(echoing);
        return tlsEcho(stage, "all", {}, (bytes) =>
          Array.from({ length: Math.ceil(bytes.length / 40) }, (_, index) =>
            bytes.subarray(index * 40, index * 40 + 40),
          ),
        );
      },
      "/certs": async (stage) => {
        const { body } = await stage.admin.request("GET", "/certs");
        const { certificates } = JSON.parse(body);
        return certificates.map((one: JsonObject) => JSON.stringify(one)).sort();
      },
      "how long certificates last": async (stage) => {
        const name = "server.days_until_first_cert_expiring";
        return (await stage.admin.stats(`^${name}$`)).get(name) ?? "nothing";
      },
      "what is no TLS": async (stage) => {
        let ending = "";
        const counted = await stage.counted(SSL, async () => {
          const client = await stage.connect("all");
          client.write("GET / HTTP/1.1\r\n\r\n");
          await client.closed();
          ending = client.ending;
        });
        return { ending, counted };
      },
    },
  }),
  sceneWith(startUpstreams, {
    area: "tls",
    name: "to upstreams",
    bootstrap: upstreamScene,
    cases: Object.fromEntries(
      upstreamCases.map(([title, path, host]) => [title, (stage: Stage) => requestCase(stage, path, host)]),
    ),
  }),
];
