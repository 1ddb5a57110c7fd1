import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../src/base/problem.ts";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());

const type = (name: string) => `"@type": type.googleapis.com/envoy.extensions.${name}`;
const raw = `{name: raw, typed_config: {${type("transport_sockets.raw_buffer.v3.RawBuffer")}}}`;

/** A transport socket that writes the header; `more` are fields of ProxyProtocolUpstreamTransport. */
const header = (config = "{version: V2}", more = "", inner = raw) =>
  `{name: pp, typed_config: {${type("transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport")}, config: ${config}, ${more} transport_socket: ${inner}}}`;

const cluster = (socket: string, more = "") =>
  `clusters: [{name: app, transport_socket: ${socket}, ${more}}]\n`;

const address = "address: {socket_address: {address: 127.0.0.1, port_value: 10000}}";
const reads = (config = "") =>
  `{name: pp, typed_config: {${type("filters.listener.proxy_protocol.v3.ProxyProtocol")}, ${config}}}`;
const other = (name: string, config = "") =>
  `{name: ${name}, typed_config: {${type(`filters.listener.${name}`)}, ${config}}}`;
const original = (config = "") => other("original_src.v3.OriginalSrc", config);
const router = `{name: router, typed_config: {${type("filters.http.router.v3.Router")}}}`;
const routed =
  "route_config: {virtual_hosts: [{name: v, domains: [a], routes: [{match: {prefix: /}, route: {cluster: app}}]}]}";
const http = (config: string) =>
  `{name: http, typed_config: {${type("filters.network.http_connection_manager.v3.HttpConnectionManager")}, stat_prefix: a, http_filters: [${router}], ${config}}}`;
const tcp = (config = "") =>
  `{name: tcp, typed_config: {${type("filters.network.tcp_proxy.v3.TcpProxy")}, stat_prefix: a, cluster: app, ${config}}}`;

interface ListenerParts {
  readonly filters?: string;
  readonly listenerFilters?: string;
  readonly address?: string;
  readonly match?: string;
  readonly more?: string;
}

const listener = (parts: ListenerParts) =>
  `listeners: [{name: l, ${parts.address ?? address}, listener_filters: [${parts.listenerFilters ?? ""}], ${parts.more ?? ""}
  filter_chains: [{filters: [${parts.filters ?? ""}], filter_chain_match: ${parts.match ?? "{}"}}]}]\n`;

const options = (explicit: string, idle = "5s") =>
  `typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {${type("upstreams.http.v3.HttpProtocolOptions")}, common_http_protocol_options: {idle_timeout: ${idle}}, ${explicit}}}`;
const http1 = (idle?: string) => options("explicit_http_config: {http_protocol_options: {}}", idle);
const check = (kind: string) =>
  `health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, ${kind}}]`;
const payload = "send: {text: '6869'}, receive: [{text: '6869'}]";
const reachable = "address: {socket_address: {address: 10.0.0.1, port_value: 10000}}";
const rbac = (rules: string) =>
  `{name: rbac, typed_config: {${type("filters.network.rbac.v3.RBAC")}, stat_prefix: r, ${rules}}}`;
const fromBalancer =
  "{policies: {p: {permissions: [{any: true}], principals: [{direct_remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8}}]}}}";
const httpRbac = `{name: rbac, typed_config: {${type("filters.http.rbac.v3.RBAC")}, rules: ${fromBalancer}}}`;
const udp = "address: {socket_address: {address: 127.0.0.1, port_value: 10000, protocol: UDP}}";
const udpProxy = `{name: udp, typed_config: {${type("filters.udp.udp_proxy.v3.UdpProxyConfig")}, stat_prefix: u, matcher: {on_no_match: {action: {name: r, typed_config: {${type("filters.udp.udp_proxy.v3.Route")}, cluster: app}}}}}}`;
const quic = `{name: quic, typed_config: {${type("transport_sockets.quic.v3.QuicUpstreamTransport")}, upstream_tls_context: {}}}`;

const noReuse = "proxy-protocol-no-reuse";

const rows: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  "tcp_proxy over a header cluster: nothing to say": [cluster(header()) + listener({ filters: tcp() }), []],
  "HTTP over a header cluster in transport_socket_matches": [
    `clusters: [{name: app, ${http1()}, transport_socket_matches: [{name: m, match: {}, transport_socket: ${header()}}]}]\n${listener({ filters: http(`${routed}, use_remote_address: true`) })}`,
    [noReuse],
  ],
  "an idle timeout of 60 s": [
    cluster(header(), http1("60s")) + listener({ filters: http(routed) }),
    [noReuse],
  ],
  "an idle timeout of 61 s": [
    cluster(header(), http1("61s")) + listener({ filters: http(routed) }),
    [noReuse, "proxy-protocol-idle-timeout"],
  ],
  "an idle timeout that is off": [
    cluster(header(), http1("0s")) + listener({ filters: http(routed) }),
    [noReuse, "proxy-protocol-idle-timeout"],
  ],
  "the deprecated place of the idle timeout": [
    cluster(header(), "common_http_protocol_options: {idle_timeout: 5s}") +
      listener({ filters: http(routed) }),
    [noReuse],
  ],
  "HTTP/2 by ALPN": [
    cluster(header(), options("auto_config: {}")) + listener({ filters: http(routed) }),
    [noReuse, "proxy-protocol-http2"],
  ],
  "HTTP/2 as the downstream does": [
    cluster(header(), options("use_downstream_protocol_config: {http2_protocol_options: {}}")) +
      listener({ filters: http(routed) }),
    [noReuse, "proxy-protocol-http2"],
  ],
  "HTTP/3 over the header": [
    cluster(header("{version: V2}", "", quic), options("explicit_http_config: {http3_protocol_options: {}}")),
    ["proxy-protocol-udp"],
  ],
  "datagrams to a header cluster": [
    `${cluster(header())}listeners: [{name: l, ${udp}, udp_listener_config: {}, listener_filters: [${udpProxy}]}]`,
    ["proxy-protocol-udp"],
  ],
  "HTTP probes with V2": [cluster(header(), check("http_health_check: {path: /}")), []],
  "TCP probes with a payload and V2": [cluster(header(), check(`tcp_health_check: {${payload}}`)), []],
  "TCP probes without a payload": [
    cluster(header(), check("tcp_health_check: {}")),
    ["proxy-protocol-health-check"],
  ],
  "TCP probes with a header of their own beside the socket's": [
    cluster(header(), check(`tcp_health_check: {${payload}, proxy_protocol_config: {version: V2}}`)),
    ["proxy-protocol-health-check"],
  ],
  "TCP probes with a header of their own and no socket": [
    cluster(raw, check(`tcp_health_check: {${payload}, proxy_protocol_config: {version: V2}}`)),
    [],
  ],
  "TLVs for probes": [
    cluster(
      raw,
      check(
        `tcp_health_check: {${payload}, proxy_protocol_config: {version: V2, added_tlvs: [{type: 224, value: YQ==}]}}`,
      ),
    ),
    ["field-without-effect"],
  ],
  "two proxy_protocol filters": [
    listener({ listenerFilters: `${reads()}, ${reads()}` }),
    ["proxy-protocol-twice"],
  ],
  "an optional header on a loopback address": [
    listener({ listenerFilters: reads("allow_requests_without_proxy_protocol: true") }),
    [],
  ],
  "an optional header on a Unix-domain socket": [
    listener({
      address: "address: {pipe: {path: /tmp/a}}",
      listenerFilters: reads("allow_requests_without_proxy_protocol: true"),
    }),
    [],
  ],
  "an RBAC filter that looks at the restored address only": [
    listener({
      address: reachable,
      listenerFilters: reads(),
      filters: rbac(
        "rules: {policies: {p: {permissions: [{any: true}], principals: [{remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8}}]}}}",
      ),
    }),
    ["proxy-protocol-unrestricted"],
  ],
  "an RBAC filter with the direct address inside and_ids": [
    listener({
      address: reachable,
      listenerFilters: reads(),
      filters: rbac(
        "rules: {policies: {p: {permissions: [{any: true}], principals: [{and_ids: {ids: [{direct_remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8}}]}}]}}}",
      ),
    }),
    [],
  ],
  "an RBAC filter whose direct address is in the shadow": [
    listener({
      address: reachable,
      listenerFilters: reads(),
      filters: rbac(`shadow_rules: ${fromBalancer}`),
    }),
    ["proxy-protocol-unrestricted"],
  ],
  "an RBAC filter of HTTP with the direct address": [
    listener({
      address: reachable,
      listenerFilters: reads(),
      filters: http("use_remote_address: true, route_config: {}").replace(
        `[${router}]`,
        `[${httpRbac}, ${router}]`,
      ),
    }),
    [],
  ],
  "http_inspector in front of proxy_protocol": [
    listener({ listenerFilters: `${other("http_inspector.v3.HttpInspector")}, ${reads()}` }),
    ["proxy-protocol-order"],
  ],
  "original_src without proxy_protocol": [
    listener({ listenerFilters: original() }),
    ["original-src-unrestored"],
  ],
  "original_src and the deprecated flag, whose filter comes last": [
    `listeners: [{name: l, ${address}, listener_filters: [${original()}], filter_chains: [{use_proxy_proto: true}]}]`,
    ["original-src-unrestored"],
  ],
  "a detection extension instead of use_remote_address": [
    `clusters: [{name: app}]\n${listener({
      listenerFilters: reads(),
      filters: http(
        `${routed}, original_ip_detection_extensions: [{name: xff, typed_config: {${type("http.original_ip_detection.xff.v3.XffConfig")}}}]`,
      ),
    })}`,
    [],
  ],
  "trusted hops without a PROXY header": [
    `clusters: [{name: app}]\n${listener({ filters: http(`${routed}, use_remote_address: true, xff_num_trusted_hops: 2`) })}`,
    [],
  ],
  "added TLVs on V1": [cluster(header("{added_tlvs: [{type: 224, value: YQ==}]}")), ["tlvs-on-v1"]],
  "TLVs of tcp_proxy to a V1 cluster": [
    cluster(header("{version: V1}")) +
      listener({ filters: tcp("proxy_protocol_tlvs: [{type: 224, value: YQ==}]") }),
    ["tlvs-on-v1"],
  ],
  "TLVs of tcp_proxy to a V2 cluster that passes them": [
    cluster(header("{version: V2, pass_through_tlvs: {}}")) +
      listener({ filters: tcp("proxy_protocol_tlvs: [{type: 224, value: YQ==}]") }),
    [],
  ],
  "HTTP with TLVs to a V2 cluster that passes them": [
    cluster(header("{version: V2, pass_through_tlvs: {}}"), http1()) +
      listener({
        listenerFilters: reads("pass_through_tlvs: {}"),
        filters: http(`${routed}, use_remote_address: true`),
      }),
    [noReuse, "tlvs-shared"],
  ],
  "the same with TLVs as pool key": [
    cluster(header("{version: V2, pass_through_tlvs: {}}", "tlv_as_pool_key: true,"), http1()) +
      listener({
        listenerFilters: reads("pass_through_tlvs: {}"),
        filters: http(`${routed}, use_remote_address: true`),
      }),
    [noReuse, "field-without-effect"],
  ],
  "the same over tcp_proxy": [
    cluster(header("{version: V2, pass_through_tlvs: {}}"), http1()) +
      listener({ listenerFilters: reads("pass_through_tlvs: {}"), filters: tcp() }),
    [],
  ],
  "TLVs as pool key, and unspecified addresses": [
    cluster(header("{version: V2}", "tlv_as_pool_key: true, allow_unspecified_address: true,")),
    ["field-without-effect", "field-without-effect"],
  ],
  "a filter that comes over ECDS": [
    `${listener({ filters: "{name: f, config_discovery: {config_source: {ads: {}}, type_urls: [type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo]}}" })}extension_configs: [{name: f, typed_config: {${type("filters.network.echo.v3.Echo")}}}]`,
    [],
  ],
};

describe("lints", () => {
  for (const [name, [text, codes]] of Object.entries(rows)) {
    it(`${name}: ${codes.join(", ") || "nothing"}`, () => {
      const { problems } = validateTree(schema, [{ path: "a.yaml", text }]);
      assert.deepEqual(
        problems.map(({ code }) => code),
        codes,
        problems.map(formatProblem).join("\n"),
      );
    });
  }

  it("find what shared files and groups make together, once", () => {
    const { problems } = validateTree(schema, [
      { path: "shared.yaml", text: cluster(header(), http1()) },
      { path: "groups/a/l.yaml", text: listener({ filters: http(routed) }) },
      { path: "groups/b/l.yaml", text: listener({ filters: http(routed) }) },
      { path: "groups/c/l.yaml", text: listener({ filters: tcp() }) },
    ]);
    assert.deepEqual(
      problems.map(({ code, place }) => [code, place?.file]),
      [[noReuse, "shared.yaml"]],
    );
  });

  it("see routes that come over RDS, also by scope", () => {
    const ads = "{ads: {}, resource_api_version: V3}";
    const routes =
      "routes: [{name: r, virtual_hosts: [{name: v, domains: [a], routes: [{match: {prefix: /}, route: {cluster: app}}]}]}]\n";
    const scoped = `scoped_routes: {name: s, scope_key_builder: {fragments: [{header_value_extractor: {name: x}}]}, rds_config_source: ${ads}, scoped_rds: {scoped_rds_config_source: ${ads}}}`;
    for (const config of [`rds: {route_config_name: r, config_source: ${ads}}`, scoped]) {
      const text = cluster(header(), http1()) + routes + listener({ filters: http(config) });
      const { problems } = validateTree(schema, [{ path: "a.yaml", text }]);
      assert.deepEqual(problems.map(formatProblem).length, 1, problems.map(formatProblem).join("\n"));
    }
  });
});
