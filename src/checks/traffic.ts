import type {
  HttpConnectionManager,
  Listener,
  ProxyProtocolUpstreamTransport,
  TcpProxy,
} from "../schema/api.ts";
import type { Cluster, FilterChain } from "../schema/api.ts";
import { type Reference, referencesIn, referencesOf } from "../config/references.ts";
import { CLUSTER, ROUTE_CONFIGURATION } from "../schema/type-urls.ts";
import type { Decoded, GroupView } from "./group-view.ts";
import { field, items, type Located, unpack } from "./located.ts";

/** A filter that takes connections of a listener to clusters. */
export interface Entry<T> {
  readonly listener: Decoded<Listener>;
  readonly chain: Located<FilterChain>;
  readonly filter: Located<T>;
  /** Names of the clusters that it may send to, mirrors included. */
  readonly clusters: ReadonlySet<string>;
}

/** A cluster whose connections begin with a PROXY header. */
export interface HeaderCluster {
  readonly cluster: Decoded<Cluster>;
  /** One for `transport_socket` and one for each of `transport_socket_matches` that writes the header. */
  readonly sockets: readonly Located<ProxyProtocolUpstreamTransport>[];
}

/** How connections go through a group: what lints ask about again and again. */
export interface Traffic {
  readonly http: readonly Entry<HttpConnectionManager>[];
  readonly tcp: readonly Entry<TcpProxy>[];
  /** The entries that lead to a cluster, by its name. */
  readonly httpTo: ReadonlyMap<string, readonly Entry<HttpConnectionManager>[]>;
  readonly tcpTo: ReadonlyMap<string, readonly Entry<TcpProxy>[]>;
  readonly headerClusters: readonly HeaderCluster[];
}

const socketType = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";
const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const tcpProxyType = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

/** Follows the listeners of a group through its routes to its clusters. */
export function traceTraffic(view: GroupView): Traffic {
  const http: Entry<HttpConnectionManager>[] = [];
  const tcp: Entry<TcpProxy>[] = [];
  for (const listener of view.listeners.values()) {
    for (const chain of chainsOf(listener)) {
      for (const filter of items(chain, "filters")) {
        const config = field(filter, "typed_config");
        const manager = unpack(view.schema, config, managerType);
        if (manager)
          http.push({ listener, chain, filter: manager, clusters: clustersOfManager(view, manager) });
        const proxy = unpack(view.schema, config, tcpProxyType);
        if (proxy) tcp.push({ listener, chain, filter: proxy, clusters: clustersOfProxy(view, proxy) });
      }
    }
  }
  return {
    http,
    tcp,
    httpTo: byCluster(http),
    tcpTo: byCluster(tcp),
    headerClusters: headerClustersOf(view),
  };
}

function byCluster<T>(entries: readonly Entry<T>[]): ReadonlyMap<string, readonly Entry<T>[]> {
  const index = new Map<string, Entry<T>[]>();
  for (const entry of entries) {
    for (const name of entry.clusters) {
      const known = index.get(name);
      if (known) known.push(entry);
      else index.set(name, [entry]);
    }
  }
  return index;
}

/** All filter chains of a listener, the default one last. */
export function chainsOf(listener: Decoded<Listener>): readonly Located<FilterChain>[] {
  const last = field(listener, "default_filter_chain");
  return last ? [...items(listener, "filter_chains"), last] : items(listener, "filter_chains");
}

function clustersOfManager(view: GroupView, manager: Located<HttpConnectionManager>): ReadonlySet<string> {
  const own = referencesIn(view.schema, managerType, manager.value).filter(({ path }) =>
    /^(route_config|rds|scoped_routes)\b/.test(path),
  );
  const isScoped = manager.value.scoped_routes !== undefined;
  const routes = isScoped
    ? [...view.routes.values()]
    : own.flatMap(({ typeUrl, name }) =>
        typeUrl === ROUTE_CONFIGURATION ? (view.routes.get(name) ?? []) : [],
      );
  return clusterNames([...own, ...routes.flatMap(({ resource }) => referencesOf(view.schema, resource))]);
}

function clustersOfProxy(view: GroupView, proxy: Located<TcpProxy>): ReadonlySet<string> {
  const own = referencesIn(view.schema, tcpProxyType, proxy.value);
  return clusterNames(own.filter(({ path }) => /^(cluster|weighted_clusters)\b/.test(path)));
}

function clusterNames(references: readonly Reference[]): ReadonlySet<string> {
  return new Set(references.flatMap(({ typeUrl, name }) => (typeUrl === CLUSTER ? name : [])));
}

function headerClustersOf(view: GroupView): HeaderCluster[] {
  return [...view.clusters.values()].flatMap((cluster) => {
    const sockets = [
      field(cluster, "transport_socket"),
      ...items(cluster, "transport_socket_matches").map((match) => field(match, "transport_socket")),
    ].flatMap((socket) => unpack(view.schema, socket && field(socket, "typed_config"), socketType) ?? []);
    return sockets.length > 0 ? [{ cluster, sockets }] : [];
  });
}
