import type { ResourceRecord } from "../resources/resource-records.ts";
import type { AdminReply, AdminRoute } from "./admin-route.ts";
import { jsonReply, textReply } from "./admin-route.ts";
import type { AdminView } from "./admin-view.ts";
import type { Section } from "./dump-section.ts";
import { errorState, section, state } from "./dump-section.ts";
import { applyMask } from "./field-mask.ts";
import { ecdsSections } from "./ecds-dump.ts";
import type { NameFilter } from "./name-filter.ts";
import { nameFilter } from "./name-filter.ts";
import { routesSections } from "./routes-dump.ts";
import { secretsSection } from "./secrets-dump.ts";

const CLUSTER = "envoy.config.cluster.v3.Cluster";
const LISTENER = "envoy.config.listener.v3.Listener";
const ENDPOINTS = "envoy.config.endpoint.v3.ClusterLoadAssignment";

/** Everything that is configured, in the shape of `envoy.admin.v3.ConfigDump` (XC-57). */
export const configDumpRoute: AdminRoute = {
  path: "/config_dump",
  isMutation: false,
  help: "dump the current configuration",
  parameters: {
    resource: "Only this list, such as dynamic_active_clusters",
    mask: "Only these fields (google.protobuf.FieldMask), of each resource where there is a list",
    name_regex: "Regular expression (RE2) that fits the whole of resource names",
    include_eds: "Endpoints too",
  },
  answer(view, query) {
    const isWanted = nameFilter(query.get("name_regex"), true);
    if (typeof isWanted !== "function") return textReply(isWanted.reason, 400);
    const sections = [
      bootstrapSection(view),
      clustersSection(view, isWanted),
      ...ecdsSections(view, isWanted),
      ...(query.has("include_eds") ? [endpointsSection(view, isWanted)] : []),
      listenersSection(view, isWanted),
      ...routesSections(view, isWanted),
      secretsSection(view, isWanted),
    ];
    const resource = query.get("resource");
    if (resource === "bootstrap") {
      return textReply("bootstrap is not a repeated field. Use ?mask=bootstrap to get only this field", 400);
    }
    if (resource === null) return masked(sections.map(withoutEmpty), query.get("mask"));
    const found = sections.find((dump) => Array.isArray(dump[resource]));
    const list = found?.[resource];
    if (!found || !Array.isArray(list)) return textReply(`${resource} not found in config dump`, 404);
    const type = elementTypes[resource];
    const typed = list.map((one: object) =>
      type === undefined ? one : { "@type": `${String(found["@type"])}.${type}`, ...one },
    );
    return masked(typed, query.get("mask"));
  },
};

/** Messages within those of the sections, by the list that has them. */
const elementTypes: Readonly<Record<string, string>> = {
  static_clusters: "StaticCluster",
  dynamic_active_clusters: "DynamicCluster",
  dynamic_warming_clusters: "DynamicCluster",
  static_listeners: "StaticListener",
  dynamic_listeners: "DynamicListener",
  static_route_configs: "StaticRouteConfig",
  dynamic_route_configs: "DynamicRouteConfig",
  inline_scoped_route_configs: "InlineScopedRouteConfigs",
  dynamic_scoped_route_configs: "DynamicScopedRouteConfigs",
  ecds_filters: "EcdsFilterConfig",
  static_endpoint_configs: "StaticEndpointConfig",
  dynamic_endpoint_configs: "DynamicEndpointConfig",
  static_secrets: "StaticSecret",
  dynamic_active_secrets: "DynamicSecret",
  dynamic_warming_secrets: "DynamicSecret",
};

/** Every config cut to the mask; those that have none of it are left out. */
function masked(configs: readonly unknown[], mask: string | null): AdminReply {
  if (mask === null || mask === "") return jsonReply({ configs });
  const left = configs.map((config) => applyMask(config, mask)).filter((config) => config !== undefined);
  if (left.length > 0 || configs.length === 0) return jsonReply({ configs: left });
  return textReply(`FieldMask ${mask} could not be successfully applied to any configs.`, 400);
}

function withoutEmpty(dump: Section): Section {
  return Object.fromEntries(Object.entries(dump).filter(([, value]) => !isEmpty(value)));
}

/** Proto JSON leaves out what is empty. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function bootstrapSection(view: AdminView): Section {
  const bootstrap = { ...view.bootstrap, node: view.node };
  return section("BootstrapConfigDump", {
    bootstrap: view.toJson("envoy.config.bootstrap.v3.Bootstrap", bootstrap),
    last_updated: new Date(view.startedAtMs).toISOString(),
  });
}

function clustersSection(view: AdminView, isWanted: NameFilter): Section {
  const records = view.clusterRecords.list().filter(({ name }) => isWanted(name));
  const dynamic = records.filter(({ origin }) => origin === "dynamic");
  const dump = (record: ResourceRecord) => state(view, record, "cluster", CLUSTER, true);
  return section("ClustersConfigDump", {
    version_info: view.clusterRecords.version,
    static_clusters: records.filter(({ origin }) => origin === "static").map(dump),
    dynamic_active_clusters: dynamic.filter(({ name }) => !view.isWarming(name)).map(dump),
    dynamic_warming_clusters: dynamic.filter(({ name }) => view.isWarming(name)).map(dump),
  });
}

function listenersSection(view: AdminView, isWanted: NameFilter): Section {
  const records = view.listenerRecords.list().filter(({ name }) => isWanted(name));
  return section("ListenersConfigDump", {
    version_info: view.listenerRecords.version,
    static_listeners: records
      .filter(({ origin }) => origin === "static")
      .map((record) => state(view, record, "listener", LISTENER, false)),
    dynamic_listeners: records
      .filter(({ origin }) => origin === "dynamic")
      .map((record) => ({
        name: record.name,
        ...(record.message && { active_state: state(view, record, "listener", LISTENER, false) }),
        ...errorState(view, record, LISTENER),
        client_status: record.errorState ? "NACKED" : "ACKED",
      })),
  });
}

function endpointsSection(view: AdminView, isWanted: NameFilter): Section {
  const records = view
    .endpointRecords()
    .list()
    .filter(({ name }) => isWanted(name));
  return section("EndpointsConfigDump", {
    dynamic_endpoint_configs: records.map((record) =>
      state(view, record, "endpoint_config", ENDPOINTS, true),
    ),
  });
}
