import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseListener } from "../../../data-plane/resources/listener.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";

const parse = (yaml: string, runtime: Readonly<Record<string, number>> = {}) =>
  parseListener(message("envoy.config.listener.v3.Listener", yaml), parseContext(runtime), "");

const address = "{socket_address: {address: 127.0.0.1, port_value: 80}}";
const tcp = `{name: tcp, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: c}}`;
const proxyProtocol = (config: string) =>
  `{name: pp, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol, ${config}}}`;
const listener = (extra: string) =>
  `{name: l, address: ${address}, filter_chains: [{filters: [${tcp}]}], ${extra}}`;

describe("parseListener()", () => {
  it("has Envoy's defaults (PP-51)", () => {
    const config = valueOf(parse(listener("")));
    assert.equal(config.statName, "127.0.0.1_80");
    assert.equal(config.listenerFiltersTimeoutMs, 15_000);
    assert.equal(config.backlog, 128);
    assert.equal(config.isBound, true);
    assert.equal(config.maxConnections, Number.POSITIVE_INFINITY);
  });

  it("names the stats of an IPv6 listener as Envoy does", () => {
    const v6 = "{socket_address: {address: '::1', port_value: 80}}";
    assert.equal(
      valueOf(parse(`{name: l, address: ${v6}, filter_chains: [{filters: [${tcp}]}]}`)).statName,
      "[__1]_80",
    );
  });

  it("listens on every address, a pipe with its mode", () => {
    const pipe = "{address: {pipe: {path: /run/a.sock, mode: 384}}}";
    assert.deepEqual(valueOf(parse(listener(`additional_addresses: [${pipe}]`))).addresses, [
      {
        address: { address: "127.0.0.1", port: 80, family: "IPv4" },
        isDualStack: false,
        pipeMode: 0,
      },
      { address: { family: "pipe", path: "/run/a.sock" }, isDualStack: false, pipeMode: 0o600 },
    ]);
  });

  it("takes the connection limit from the runtime", () => {
    const runtime = { "envoy.resource_limits.listener.l.connection_limit": 5 };
    assert.equal(valueOf(parse(listener(""), runtime)).maxConnections, 5);
  });

  // Which chain counts, and that the filter comes last, was seen on Envoy 1.40.
  it("adds a default proxy_protocol filter after the others for use_proxy_proto, with a warning (PP-11)", () => {
    const result = parse(
      `{name: l, address: ${address}, filter_chains: [{use_proxy_proto: true, filters: [${tcp}]}], listener_filters: [${proxyProtocol("")}]}`,
    );
    assert.equal(result.value?.listenerFilters.length, 2);
    assert.deepEqual(problemsOf(result), [
      "filter_chains[0].use_proxy_proto: deprecated; name envoy.filters.listener.proxy_protocol in listener_filters instead",
    ]);
  });

  it("takes use_proxy_proto of the default chain where it is the only one (PP-11)", () => {
    const chain = `default_filter_chain: {use_proxy_proto: true, filters: [${tcp}]}`;
    const result = parse(`{name: l, address: ${address}, ${chain}}`);
    assert.equal(result.value?.listenerFilters.length, 1);
  });

  it("says that use_proxy_proto of a later chain counts for nothing (PP-11)", () => {
    const later = `{filter_chain_match: {destination_port: 1}, use_proxy_proto: true, filters: [${tcp}]}`;
    const result = parse(
      `{name: l, address: ${address}, filter_chains: [{filters: [${tcp}]}, ${later}], default_filter_chain: {use_proxy_proto: true}}`,
    );
    assert.equal(result.value?.listenerFilters.length, 0);
    const ignored =
      "use_proxy_proto: only that of the first filter chain counts; name envoy.filters.listener.proxy_protocol in listener_filters instead";
    assert.deepEqual(problemsOf(result), [`filter_chains[1].${ignored}`, `default_filter_chain.${ignored}`]);
  });

  const refusals: readonly (readonly [story: string, yaml: string, problems: readonly string[]])[] = [
    [
      "names unsupported fields (XC-31)",
      listener("freebind: true, access_log: [{name: a}]"),
      [
        "freebind: IP_FREEBIND, which Node.js cannot set, is not supported by the bundled data plane",
        "access_log: not supported by the bundled data plane",
      ],
    ],
    [
      "names an unsupported field of a filter inside its typed_config",
      `{name: l, address: ${address}, filter_chains: [{filters: [{name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: c, tunneling_config: {hostname: h}}}]}]}`,
      ["filter_chains[0].filters[0].typed_config.tunneling_config: not supported by the bundled data plane"],
    ],
    [
      "refuses a filter that ECDS is to bring in a type that is not there (XC-48)",
      `{name: l, address: ${address}, filter_chains: [{filters: [{name: t, config_discovery: {config_source: {ads: {}}, type_urls: [a]}}]}]}`,
      [
        "filter_chains[0].filters[0].config_discovery.type_urls[0]: Error: no factory found for a required type URL a. (not supported by the bundled data plane)",
      ],
    ],
    [
      "refuses a partial wildcard in server_names",
      `{name: l, address: ${address}, filter_chains: [{filter_chain_match: {server_names: ["a*.test"]}, filters: [${tcp}]}]}`,
      [
        'filter_chains[0].filter_chain_match.server_names[0]: partial wildcards are not supported in "server_names"',
      ],
    ],
    [
      "refuses matching by suffix, which Envoy does not have either",
      `{name: l, address: ${address}, filter_chains: [{filter_chain_match: {suffix_len: 3}, filters: [${tcp}]}]}`,
      ["filter_chains[0].filter_chain_match.suffix_len: not supported by the bundled data plane"],
    ],
    [
      "refuses what Node.js cannot set on a socket, unless it is set anyway",
      listener(
        "transparent: true, freebind: false, tcp_keepalive: {keepalive_probes: 3}, socket_options: [{level: 6, name: 1, int_value: 1}, {level: 1, name: 15, int_value: 1}]",
      ),
      [
        "transparent: IP_TRANSPARENT, which Node.js cannot set, is not supported by the bundled data plane",
        "tcp_keepalive.keepalive_probes: not supported by the bundled data plane",
        "socket_options[1]: option 15 of level 1, which Node.js cannot set, is not supported by the bundled data plane",
      ],
    ],
    [
      "refuses a pipe with an abstract name",
      `{name: l, address: {pipe: {path: "@a"}}, filter_chains: [{filters: [${tcp}]}]}`,
      [
        "address.pipe.path: an abstract name, which Node.js 20 does not pass on as it is, is not supported by the bundled data plane",
      ],
    ],
    [
      "refuses a pipe whose path is too long for the system",
      `{name: l, address: {pipe: {path: "/${"a".repeat(107)}"}}, filter_chains: [{filters: [${tcp}]}]}`,
      [`address.pipe.path: Path "/${"a".repeat(107)}" exceeds maximum UNIX domain socket path size`],
    ],
    [
      "refuses an additional address that is a name",
      listener("additional_addresses: [{address: {socket_address: {address: example, port_value: 1}}}]"),
      ["additional_addresses[0].address: malformed IP address: example"],
    ],
    [
      "refuses filter_chain_matcher by name",
      listener("filter_chain_matcher: {}"),
      ["filter_chain_matcher: not supported by the bundled data plane"],
    ],
    [
      "refuses filter chains whose matches overlap",
      `{name: l, address: ${address}, filter_chains: [{filter_chain_match: {source_ports: [1, 2]}, filters: [${tcp}]}, {filter_chain_match: {source_ports: [2]}, filters: [${tcp}]}]}`,
      [
        "filter_chains: error adding listener '127.0.0.1:80': multiple filter chains with overlapping matching rules are defined",
      ],
    ],
    [
      "refuses both versions disallowed (PP-129)",
      listener(`listener_filters: [${proxyProtocol("disallowed_versions: [V1, V2]")}]`),
      ["listener_filters[0].typed_config.disallowed_versions: all proxy protocol versions are disallowed"],
    ],
    [
      "refuses a rule for a type over 255 (PP-130)",
      listener(`listener_filters: [${proxyProtocol("rules: [{tlv_type: 256, on_tlv_present: {key: k}}]")}]`),
      ["listener_filters[0].typed_config.rules[0].tlv_type: value must be less than 256"],
    ],
    [
      "refuses a type URL that is no listener filter (PP-136)",
      listener(`listener_filters: [${tcp}]`),
      [
        "listener_filters[0].typed_config: Didn't find a registered implementation for 'tcp' with type URL: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy' (not supported by the bundled data plane)",
      ],
    ],
    [
      "refuses two filter chains that match alike",
      `{name: l, address: ${address}, filter_chains: [{name: a, filters: [${tcp}]}, {name: b, filters: [${tcp}]}]}`,
      [
        "filter_chains[1].filter_chain_match: error adding listener '127.0.0.1:80': filter chain 'b' has the same matching rules defined as 'a'. duplicate matcher is: {}",
      ],
    ],
    [
      "refuses a listener without filter chains",
      `{name: l, address: ${address}}`,
      ["error adding listener '127.0.0.1:80': no filter chains specified"],
    ],
  ];
  for (const [story, yaml, problems] of refusals) {
    it(story, () => assert.deepEqual(problemsOf(parse(yaml)), problems));
  }

  it("gives equal fingerprints to chains that are configured alike (XC-43)", () => {
    const one = valueOf(parse(listener("")));
    const other = valueOf(parse(listener("tcp_backlog_size: 5")));
    assert.equal(one.filterChains[0]?.fingerprint, other.filterChains[0]?.fingerprint);
    assert.notEqual(one.fingerprint, other.fingerprint);
  });
});
