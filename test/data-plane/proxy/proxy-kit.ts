import type { Clock } from "../../../src/base/clock.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { createLog } from "../../../src/base/log.ts";
import { formatProblem } from "../../../src/base/problem.ts";
import type { MessageTypes } from "../../../src/schema/api.ts";
import { typeUrlOf } from "../../../src/schema/type-urls.ts";
import { parseBootstrap } from "../../../data-plane/bootstrap/bootstrap.ts";
import { systemResolver } from "../../../data-plane/clusters/resolver.ts";
import { bundledExtensions } from "../../../data-plane/proxy/bundled-extensions.ts";
import { Proxy } from "../../../data-plane/proxy/proxy.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import type { Update } from "../../../data-plane/xds-client/update.ts";
import { localData, message, schema } from "../parse-kit.ts";

const BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap";

/** EDS names that the proxy asked for and let go of, in order: `+a`, `refresh a`, `-a`. */
export type SubscriptionTrace = string[];

export interface TestProxyOptions {
  readonly clock?: Clock;
  readonly trace?: SubscriptionTrace;
  readonly drainMs?: number;
}

/** A proxy in this process, live with a bootstrap's static resources (YAML). */
export async function startTestProxy(yaml: string, options: TestProxyOptions = {}): Promise<Proxy> {
  const { trace = [] } = options;
  const shared = { schema, extensions: bundledExtensions, hostname: "edge", local: localData };
  const { value: bootstrap, problems } = parseBootstrap(asType(BOOTSTRAP, message(BOOTSTRAP, yaml)), {
    ...shared,
    overrides: {},
    version: "0.0.0",
  });
  if (!bootstrap) throw new Error(problems.map(formatProblem).join("\n"));
  const proxy = new Proxy({
    ...shared,
    bootstrap,
    clock: options.clock ?? systemClock,
    random: () => 0,
    resolver: systemResolver,
    openAccessLog: () => () => undefined,
    subscriptions: {
      consume: () => undefined,
      refusalOf: () => undefined,
      streamOf: (_typeUrl, source) => Object.keys(source).join(" "),
      subscribeAllFrom: () => undefined,
      subscribe: (_typeUrl, name) => {
        trace.push(`+${name}`);
        return { refresh: () => trace.push(`refresh ${name}`), close: () => trace.push(`-${name}`) };
      },
    },
    log: createLog("off", () => undefined),
    drainMs: options.drainMs ?? 600_000,
    drainStrategy: "gradual",
  });
  await proxy.startClusters();
  await proxy.startListeners();
  return proxy;
}

/** The port of a listener. */
export function portOf(proxy: Proxy, name: string): number {
  const address = proxy.listeners.addresses().find((listener) => listener.name === name)?.address;
  if (address === undefined || address.family === "pipe") throw new Error(`no listener ${name} with a port`);
  return address.port;
}

/** A listener on a free port of loopback that relays to a cluster. */
export function tcpListener(
  name: string,
  cluster: string,
  extra: {
    readonly listener?: string;
    readonly chain?: string;
    readonly proxy?: string;
    readonly port?: number;
  } = {},
): string {
  const tcp = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  return `{name: ${name}, address: {socket_address: {address: 127.0.0.1, port_value: ${extra.port ?? 0}}},
    filter_chains: [{filters: [{name: tcp, typed_config: {"@type": ${tcp}, stat_prefix: t, cluster: ${cluster}, ${extra.proxy ?? ""}}}], ${extra.chain ?? ""}}],
    ${extra.listener ?? ""}}`;
}

/** A STATIC cluster with an endpoint on each of these ports of loopback. */
export function staticCluster(name: string, ports: readonly number[], extra = ""): string {
  const endpoints = ports.map(endpoint).join(", ");
  return `{name: ${name}, load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [${endpoints}]}]}, ${extra}}`;
}

/** A ClusterLoadAssignment with an endpoint on each of these ports of loopback. */
export function assignment(name: string, ports: readonly number[]): string {
  return `{cluster_name: ${name}, endpoints: [{lb_endpoints: [${ports.map(endpoint).join(", ")}]}]}`;
}

function endpoint(port: number): string {
  return `{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}`;
}

/** A bootstrap of static listeners and clusters. */
export function staticResources(listeners: readonly string[], clusters: readonly string[]): string {
  return `{static_resources: {listeners: [${listeners.join(", ")}], clusters: [${clusters.join(", ")}]}}`;
}

/** An update as the xDS client hands it over, from YAML by name. */
export function updateOf(
  typeName: keyof MessageTypes,
  resources: Readonly<Record<string, string>>,
  removed: readonly string[] = [],
): Update {
  const read = Object.entries(resources).map(([name, yaml]) => {
    const value = schema.encode(typeName, message(typeName, yaml));
    return [name, { name, version: "1", value, message: { ...schema.decode(typeName, value) } }] as const;
  });
  return { typeUrl: typeUrlOf(typeName), version: "1", resources: new Map(read), removed };
}

export const CLUSTER = "envoy.config.cluster.v3.Cluster";
export const LISTENER = "envoy.config.listener.v3.Listener";
export const ENDPOINTS = "envoy.config.endpoint.v3.ClusterLoadAssignment";
