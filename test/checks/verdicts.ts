/**
 * Static resources that a check of ours is about, as YAML below `static_resources:`, and what comes of them: the code of
 * our problem, and whether Envoy 1.40 refuses them. Where the two differ, `why` says on what ground.
 */
export interface Verdict {
  readonly name: string;
  readonly yaml: string;
  readonly codes: readonly string[];
  readonly isRefused: boolean;
  readonly why?: string;
}

const address = "address: {socket_address: {address: 127.0.0.1, port_value: 1234}}";
const chains = (...matches: readonly string[]) =>
  `listeners:
- name: a
  ${address}
  filter_chains:
${matches.map((match, index) => `  - {name: chain-${index}, filter_chain_match: ${match}}`).join("\n")}
`;
const routes = (...hosts: readonly string[]) => `listeners:
- name: a
  ${address}
  filter_chains:
  - filters:
    - name: http
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: a
        route_config: {name: r, virtual_hosts: [${hosts.join(", ")}]}
        http_filters:
        - name: router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;
const answer = "{match: {prefix: /}, direct_response: {status: 200}}";
const listener = (name: string, more = "") => `- name: ${name}\n  ${address}\n  filter_chains: [{}]\n${more}`;
const udp = `- name: u
  address: {socket_address: {address: 127.0.0.1, port_value: 1234, protocol: UDP}}
  udp_listener_config: {}
  listener_filters:
  - name: udp
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig
      stat_prefix: u
      matcher:
        on_no_match:
          action:
            name: route
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.Route, cluster: c}
`;
const tcpProxy = `listeners:
- name: a
  ${address}
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: a
        cluster: nowhere
`;

const match = ["duplicate-filter-chain-match"];

export const verdicts: readonly Verdict[] = [
  {
    name: "a listener without filter chains",
    yaml: `listeners:\n- name: a\n  ${address}`,
    codes: ["no-filter-chains"],
    isRefused: true,
  },
  {
    name: "the proxy_protocol filter on a UDP listener",
    yaml: `listeners:
- name: a
  address: {socket_address: {address: 127.0.0.1, port_value: 1234, protocol: UDP}}
  udp_listener_config: {}
  listener_filters:
  - name: pp
    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}
`,
    codes: ["filter-not-for-udp"],
    isRefused: true,
  },
  {
    name: "chains with different ports",
    yaml: chains("{destination_port: 1}", "{destination_port: 2}"),
    codes: [],
    isRefused: false,
  },
  {
    name: "chains with the same port",
    yaml: chains("{destination_port: 1}", "{destination_port: 1}"),
    codes: match,
    isRefused: true,
  },
  { name: "two chains for everything", yaml: chains("{}", "{}"), codes: match, isRefused: true },
  {
    name: "server names that overlap",
    yaml: chains("{server_names: [a, b]}", "{server_names: [b, c]}"),
    codes: match,
    isRefused: true,
  },
  {
    name: "server names that differ in case",
    yaml: chains("{server_names: [a]}", "{server_names: [A]}"),
    codes: match,
    isRefused: true,
  },
  {
    name: "a wildcard beside a name in it",
    yaml: chains('{server_names: ["*.a.example"]}', "{server_names: [x.a.example]}"),
    codes: [],
    isRefused: false,
  },
  {
    name: "the same range written with two addresses",
    yaml: chains(
      "{prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 9}]}",
      "{prefix_ranges: [{address_prefix: 10.1.2.3, prefix_len: 9}]}",
    ),
    codes: match,
    isRefused: true,
  },
  {
    name: "a range inside another",
    yaml: chains(
      "{prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}",
      "{prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 9}]}",
    ),
    codes: [],
    isRefused: false,
  },
  {
    name: "source type ANY beside none",
    yaml: chains("{source_type: ANY}", "{}"),
    codes: match,
    isRefused: true,
  },
  {
    name: "one address for two listeners",
    yaml: `listeners:\n${listener("a")}${listener("b")}`,
    codes: ["duplicate-address"],
    isRefused: true,
  },
  {
    name: "one address for two listeners, one of which does not bind",
    yaml: `listeners:\n${listener("a")}${listener("b", "  bind_to_port: false\n")}`,
    codes: ["duplicate-address"],
    isRefused: true,
  },
  {
    name: "one address for TCP and UDP",
    yaml: `clusters: [{name: c}]\nlisteners:\n${listener("a")}${udp}`,
    codes: [],
    isRefused: false,
  },
  {
    name: "one domain in two virtual hosts, in another case",
    yaml: routes(
      `{name: a, domains: [a], routes: [${answer}]}`,
      `{name: b, domains: [A], routes: [${answer}]}`,
    ),
    codes: ["duplicate-domain"],
    isRefused: true,
  },
  {
    name: "one name for two virtual hosts",
    yaml: routes(
      `{name: a, domains: [a], routes: [${answer}]}`,
      `{name: a, domains: [b], routes: [${answer}]}`,
    ),
    codes: ["duplicate-virtual-host"],
    isRefused: false,
    why: "a warning: the API calls for unique names, Envoy does not insist",
  },
  {
    name: "a route to an unknown cluster",
    yaml: routes("{name: a, domains: [a], routes: [{match: {prefix: /}, route: {cluster: nowhere}}]}"),
    codes: ["unknown-reference"],
    isRefused: true,
  },
  {
    name: "a mirror to an unknown cluster",
    yaml: `clusters: [{name: c}]\n${routes("{name: a, domains: [a], routes: [{match: {prefix: /}, route: {cluster: c, request_mirror_policies: [{cluster: nowhere}]}}]}")}`,
    codes: ["unknown-reference"],
    isRefused: true,
  },
  {
    name: "a tcp_proxy to an unknown cluster",
    yaml: tcpProxy,
    codes: ["unknown-reference"],
    isRefused: false,
    why: "Envoy finds out with the first connection, and closes it",
  },
];
