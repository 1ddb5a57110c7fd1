import type { Place } from "../../base/problem.ts";
import type { Cluster, FilterChain, HttpConnectionManager, Listener } from "../../schema/api.ts";
import { fieldPath } from "../../schema/path.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import type { Decoded } from "../group-view.ts";
import type { LintView } from "../lint.ts";
import { field, items, type Located, unpack } from "../located.ts";
import { originalSrcFilter, proxyProtocolFilter, usesProxyProto } from "../lints/listener-filters.ts";
import { isReachable, isSenderRestricted } from "../lints/restricted-sender.ts";
import type { Entry } from "../traffic.ts";
import { placeIn } from "../problem-at.ts";
import { unfollowedOfManager, unfollowedOfProxy } from "./unfollowed.ts";
import type {
  ClusterSettings,
  Detection,
  HopSettings,
  HttpSettings,
  ListenerFilterSettings,
  Range,
  Unfollowed,
  Way,
} from "./hop-settings.ts";

const headerSocket = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";
const httpOriginalSrc = "envoy.extensions.filters.http.original_src.v3.OriginalSrc";
const networkRbac = "envoy.extensions.filters.network.rbac.v3.RBAC";
const xffDetection = "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig";
const headerDetection = "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig";

/** What a listener does with addresses; `name` is what a person calls the hop. */
export function readHop(view: LintView, listener: Decoded<Listener>, name: string): HopSettings {
  const at = placesIn(listener);
  const { http, tcp } = view.traffic;
  const ways = [
    ...http.flatMap((entry) =>
      waysOf(view, listener, entry, () => [
        readManager(view, entry.filter, at),
        unfollowedOfManager(view, entry.filter, at),
      ]),
    ),
    ...tcp.flatMap((entry) =>
      waysOf(view, listener, entry, () => [
        { kind: "tcp", ...at(entry.filter.path) },
        unfollowedOfProxy(entry.filter, at),
      ]),
    ),
  ];
  return {
    name,
    listener: listener.resource.name,
    ...at(""),
    isOpen: isReachable(listener) && !isSenderRestricted(view.schema, listener),
    listenerFilters: readListenerFilters(view, listener, at),
    ways,
  };
}

function waysOf(
  view: LintView,
  listener: Decoded<Listener>,
  entry: Entry<unknown>,
  readFilter: () => readonly [Way["filter"], Way["unfollowed"]],
): readonly Way[] {
  if (entry.listener !== listener) return [];
  const { chain } = entry;
  const match = chain.value.filter_chain_match;
  const [filter, unfollowed] = readFilter();
  const rbac = items(chain, "filters").filter(
    ({ value }) => typeNameOf(value.typed_config?.type_url ?? "") === networkRbac,
  );
  const rules = rbac.map(({ path }) => ({
    message: "RBAC may refuse connections",
    ...placesIn(listener)(path),
  }));
  return [...entry.clusters].map((name) => ({
    isTls: isTlsChain(chain),
    directRanges: rangesOf(match?.direct_source_prefix_ranges),
    sourceRanges: rangesOf(match?.source_prefix_ranges),
    filter,
    cluster: readCluster(view, name),
    unfollowed: [...rules, ...unfollowed, ...unfollowedOfCluster(view, name)],
  }));
}

type PlaceAt = (path: string) => { readonly place?: Place };

function placesIn({ resource }: Decoded<unknown>): PlaceAt {
  return (path) => {
    const place = path === "" ? resource.origin?.place : placeIn(resource, path);
    return place ? { place } : {};
  };
}

function readListenerFilters(
  view: LintView,
  listener: Decoded<Listener>,
  at: PlaceAt,
): readonly ListenerFilterSettings[] {
  const filters = items(listener, "listener_filters").flatMap((filter): ListenerFilterSettings[] => {
    const typeName = typeNameOf(filter.value.typed_config?.type_url ?? "");
    if (typeName === originalSrcFilter) return [{ kind: "original-src", ...at(filter.path) }];
    if (typeName !== proxyProtocolFilter) return [];
    const config = unpack(view.schema, field(filter, "typed_config"), proxyProtocolFilter)?.value;
    return [
      {
        kind: "proxy-protocol",
        isOptional: config?.allow_requests_without_proxy_protocol ?? false,
        disallowed: config?.disallowed_versions ?? [],
        ...at(filter.path),
      },
    ];
  });
  // The deprecated flag adds the filter behind all others (PP-11).
  const hasOwn = filters.some(({ kind }) => kind === "proxy-protocol");
  if (hasOwn || !usesProxyProto(listener)) return filters;
  return [
    ...filters,
    { kind: "proxy-protocol", isOptional: false, disallowed: [], ...at("filter_chains[0]") },
  ];
}

function isTlsChain({ value }: Located<FilterChain>): boolean {
  const typeName = typeNameOf(value.transport_socket?.typed_config?.type_url ?? "");
  return value.transport_socket !== undefined && !typeName.endsWith(".RawBuffer");
}

interface CidrLike {
  readonly address_prefix?: string;
  readonly prefix_len?: { readonly value?: number };
}

function rangesOf(ranges: readonly CidrLike[] | undefined): readonly Range[] {
  return (ranges ?? []).map(({ address_prefix: address = "", prefix_len: bits }) => ({
    address,
    bits: bits?.value ?? 0,
  }));
}

function readManager(view: LintView, manager: Located<HttpConnectionManager>, at: PlaceAt): HttpSettings {
  const { value, path } = manager;
  const own = at(path);
  // Where a field is not set, its place is that of the manager, which is where it should be.
  const placed = (name: keyof HttpConnectionManager) => {
    const found = value[name] === undefined ? own : at(fieldPath(path, name));
    return found.place;
  };
  const originalSrc = items(manager, "http_filters").find(
    (filter) => typeNameOf(filter.value.typed_config?.type_url ?? "") === httpOriginalSrc,
  );
  const places = {
    usesRemoteAddressAt: placed("use_remote_address"),
    trustedHopsAt: placed("xff_num_trusted_hops"),
    skipsAppendAt: placed("skip_xff_append"),
    detectionsAt: placed("original_ip_detection_extensions"),
  };
  return {
    kind: "http",
    ...own,
    ...Object.fromEntries(Object.entries(places).filter(([, place]) => place !== undefined)),
    usesRemoteAddress: value.use_remote_address?.value ?? false,
    trustedHops: value.xff_num_trusted_hops ?? 0,
    skipsAppend: value.skip_xff_append ?? false,
    detections: items(manager, "original_ip_detection_extensions").map((extension) =>
      readDetection(view, field(extension, "typed_config")),
    ),
    ...(originalSrc && { originalSrc: at(originalSrc.path) }),
  };
}

function readDetection(view: LintView, config: Parameters<typeof unpack>[1]): Detection {
  const xff = unpack(view.schema, config, xffDetection)?.value;
  if (xff) {
    const { xff_trusted_cidrs: trusted } = xff;
    return {
      kind: "xff",
      hops: xff.xff_num_trusted_hops ?? 0,
      ...(trusted && { cidrs: rangesOf(trusted.cidrs) }),
      // Unset means that nothing is appended (PP-74); a wrapper that says false is empty.
      skipsAppend: xff.skip_xff_append === undefined || xff.skip_xff_append.value === true,
    };
  }
  const custom = unpack(view.schema, config, headerDetection)?.value;
  if (custom) {
    const { header_name: name = "", reject_with_status: status } = custom;
    return { kind: "custom-header", name, rejects: status !== undefined };
  }
  return { kind: "other", typeName: typeNameOf(config?.value.type_url ?? "") };
}

function readCluster(view: LintView, name: string): ClusterSettings {
  const cluster = view.clusters.get(name);
  if (!cluster) return { name, endpoints: [] };
  const at = placesIn(cluster);
  const socket = field(cluster, "transport_socket");
  const config = socket && field(socket, "typed_config");
  const header = unpack(view.schema, config, headerSocket);
  const bound = cluster.value.upstream_bind_config?.source_address?.address;
  const socketAt = at(socket ? socket.path : "").place;
  return {
    name,
    ...at(""),
    endpoints: endpointsOf(view, cluster),
    ...(header && { header: { version: header.value.config?.version ?? "V1", ...at(header.path) } }),
    ...(socketAt && { socketAt }),
    ...(bound && !/^(?:0\.0\.0\.0|::)$/.test(bound) && { source: bound }),
  };
}

function unfollowedOfCluster(view: LintView, name: string): readonly Unfollowed[] {
  const cluster = view.clusters.get(name);
  const matches = cluster && field(cluster, "transport_socket_matches");
  if (!matches || matches.value.length === 0) return [];
  const message = "transport_socket_matches may choose another socket for an endpoint";
  return [{ message, ...placesIn(cluster)(matches.path) }];
}

function endpointsOf(view: LintView, cluster: Decoded<Cluster>): readonly string[] {
  const named = cluster.value.eds_cluster_config?.service_name || cluster.resource.name;
  const assignment = cluster.value.load_assignment ?? view.endpoints.get(named)?.value;
  return (assignment?.endpoints ?? []).flatMap(({ lb_endpoints: list = [] }) =>
    list.flatMap(({ endpoint }) => {
      const socket = endpoint?.address?.socket_address;
      return socket ? [`${socket.address}:${socket.port_value ?? 0}`] : [];
    }),
  );
}

/** `address:port` that a listener is bound to. */
export function listenAddressOf({ value }: Located<Listener>): string | undefined {
  const socket = value.address?.socket_address;
  return socket && `${socket.address}:${socket.port_value ?? 0}`;
}
