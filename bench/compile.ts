import { checkConfig } from "../src/checks/check.ts";
import type { ConfigFile } from "../src/config/config-file.ts";
import { Compiler } from "../src/config/compiler.ts";
import { loadDescriptors } from "../src/schema/load.ts";
import { Schema } from "../src/schema/schema.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";

/** Pairs of a listener with routes and a cluster with a header: 10,000 resources. */
const PAIRS = 5000;
const ALL = "10,000 resources, a file each, checked";
const ALL_IN_ONE = "10,000 resources in one file, checked";
const ONE_CHANGED = "one file of 10,000 changed, compiled";
const METRIC = "time";

/** Milliseconds on two cores. */
const limits: readonly (readonly [scenario: string, limitMs: number])[] = [
  [ALL, 3000],
  [ALL_IN_ONE, 3000],
  [ONE_CHANGED, 150],
];

export const compileMarks: readonly Mark[] = limits.map(([scenario]) => ({
  scenario,
  metric: METRIC,
  ours: "chancery",
  theirs: "limit",
  bound: { atMost: 1 },
}));

const clusterText = (index: number, timeout = "0.25s") => `- name: service${index}
  connect_timeout: ${timeout}
  type: strict_dns
  lb_policy: round_robin
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      common_http_protocol_options: {idle_timeout: 5s}
      explicit_http_config: {http_protocol_options: {}}
  load_assignment:
    cluster_name: service${index}
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: host${index}.example, port_value: 8080}}}
  transport_socket:
    name: envoy.transport_sockets.upstream_proxy_protocol
    typed_config: # chancery:ignore proxy-protocol-no-reuse the upstream reads nothing else
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
      config: {version: V1}
      transport_socket:
        name: envoy.transport_sockets.raw_buffer
        typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}
`;

const listenerText = (index: number) => `- name: listener${index}
  address: {socket_address: {address: 127.0.0.1, port_value: ${10_000 + index}}}
  listener_filters:
  - name: envoy.filters.listener.proxy_protocol
    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: ingress
        use_remote_address: true
        route_config:
          virtual_hosts:
          - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: service${index}}}]}
        http_filters:
        - name: envoy.filters.http.router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;

/** Times the way from text to resources that may be served; each round starts with an empty cache. */
export async function runCompile(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const schema = new Schema(loadDescriptors());
  const indexes = Array.from({ length: PAIRS }, (_, index) => index);
  const files: ConfigFile[] = indexes.flatMap((index) => [
    { path: `clusters/${index}.yaml`, text: `clusters:\n${clusterText(index)}` },
    { path: `listeners/${index}.yaml`, text: `listeners:\n${listenerText(index)}` },
  ]);
  const changed = files.with(0, { path: "clusters/0.yaml", text: `clusters:\n${clusterText(0, "0.5s")}` });
  const clusters = indexes.map((index) => clusterText(index)).join("");
  const listeners = indexes.map((index) => listenerText(index)).join("");
  const oneFile: ConfigFile[] = [
    { path: "all.yaml", text: `clusters:\n${clusters}listeners:\n${listeners}` },
  ];

  const times = new Map<string, number[]>(limits.map(([scenario]) => [scenario, []]));
  const time = (scenario: string, work: () => number) => {
    const startMs = performance.now();
    const resources = work();
    const tookMs = performance.now() - startMs;
    if (resources !== 2 * PAIRS) throw new Error(`${scenario}: ${resources} resources are good`);
    times.get(scenario)!.push(tookMs);
    log(`${scenario}: ${tookMs.toFixed(0)} ms`);
  };
  for (let round = 0; round < rounds; round += 1) {
    const compiler = new Compiler(schema);
    time(ALL, () => goodResources(schema, compiler, files));
    time(ONE_CHANGED, () => compiler.compile(changed).groups.get("default")?.resources.length ?? 0);
    time(ALL_IN_ONE, () => goodResources(schema, new Compiler(schema), oneFile));
  }
  return limits.flatMap(([scenario, limitMs]) => {
    const figure = { scenario, metric: METRIC, unit: "ms" };
    const ours = times.get(scenario)!;
    return [
      { ...figure, contestant: "chancery", value: median(ours), rounds: ours },
      { ...figure, contestant: "limit", value: limitMs, rounds: [limitMs] },
    ];
  });
}

function goodResources(schema: Schema, compiler: Compiler, files: readonly ConfigFile[]): number {
  const compiled = compiler.compile(files);
  const problems = [...compiled.problems, ...checkConfig(schema, compiled)];
  return problems.length > 0 ? 0 : (compiled.groups.get("default")?.resources.length ?? 0);
}
