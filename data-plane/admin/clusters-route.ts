import type { ActiveCluster } from "../clusters/active-cluster.ts";
import type { ClusterHost } from "../clusters/cluster-host.ts";
import type { HostHealthFlag } from "../clusters/host-health.ts";
import { formatAddress, type Address } from "../network/address.ts";
import type { Thresholds } from "../resources/circuit-breakers.ts";
import type { AdminRoute } from "./admin-route.ts";
import { jsonReply, textReply } from "./admin-route.ts";
import type { AdminView } from "./admin-view.ts";
import { nameFilter } from "./name-filter.ts";

/** Hosts of every cluster that serves, in Envoy's two forms (envoy.admin.v3.Clusters). */
export const clustersRoute: AdminRoute = {
  path: "/clusters",
  isMutation: false,
  help: "upstream cluster status",
  parameters: {
    format: "One of (text, json)",
    filter: "Regular expression (RE2) that cluster names must contain",
  },
  answer(view, query) {
    const isWanted = nameFilter(query.get("filter"));
    if (typeof isWanted !== "function") return textReply(isWanted.reason, 400);
    const clusters = view.clusters().filter(({ name }) => isWanted(name));
    if (query.get("format") === "json") {
      return jsonReply({ cluster_statuses: clusters.map((cluster) => clusterJson(cluster, view)) });
    }
    const lines = clusters.flatMap((cluster) => clusterLines(cluster, view));
    return textReply(lines.map((line) => `${line}\n`).join(""));
  },
};

function isAddedViaApi(cluster: ActiveCluster, view: AdminView): boolean {
  return view.clusterRecords.get(cluster.name)?.origin === "dynamic";
}

function clusterLines(cluster: ActiveCluster, view: AdminView): string[] {
  const { name } = cluster;
  const { circuitBreakers } = cluster.config;
  const statName = cluster.config.statName;
  return [
    `${name}::observability_name::${statName}`,
    ...thresholdLines(`${name}::default_priority`, circuitBreakers.default),
    ...thresholdLines(`${name}::high_priority`, circuitBreakers.high),
    `${name}::added_via_api::${isAddedViaApi(cluster, view)}`,
    ...cluster.hostSets.flatMap((set) => set.hosts.flatMap((host) => hostLines(name, host))),
  ];
}

function thresholdLines(prefix: string, thresholds: Thresholds): string[] {
  return [
    `${prefix}::max_connections::${thresholds.maxConnections}`,
    `${prefix}::max_pending_requests::${thresholds.maxPendingRequests}`,
    `${prefix}::max_requests::${thresholds.maxRequests}`,
    `${prefix}::max_retries::${thresholds.maxRetries}`,
  ];
}

function hostLines(cluster: string, host: ClusterHost): string[] {
  const { cxActive, cxConnectFail, cxTotal, rqActive, rqError } = host.stats;
  const { rqPendingActive, rqSuccess, rqTimeout, rqTotal } = host.stats;
  const fields: readonly (readonly [string, string | number | boolean])[] = [
    ["cx_active", cxActive],
    ["cx_connect_fail", cxConnectFail],
    ["cx_total", cxTotal],
    ["rq_active", rqActive],
    ["rq_error", rqError],
    ["rq_pending_active", rqPendingActive],
    ["rq_success", rqSuccess],
    ["rq_timeout", rqTimeout],
    ["rq_total", rqTotal],
    ["hostname", host.hostname],
    ["health_flags", host.flags.text],
    ["weight", host.weight],
    ["region", host.locality.region],
    ["zone", host.locality.zone],
    ["sub_zone", host.locality.subZone],
    ["canary", false],
    ["priority", host.priority],
    ["success_rate", host.outcomes?.successRate ?? -1],
    ["local_origin_success_rate", host.outcomes?.localOriginSuccessRate ?? -1],
  ];
  return fields.map(([field, value]) => `${cluster}::${formatAddress(host.address)}::${field}::${value}`);
}

function clusterJson(cluster: ActiveCluster, view: AdminView): object {
  const { circuitBreakers, statName } = cluster.config;
  const hosts = cluster.hostSets.flatMap((set) => set.hosts);
  return {
    name: cluster.name,
    ...(isAddedViaApi(cluster, view) && { added_via_api: true }),
    ...(hosts.length > 0 && { host_statuses: hosts.map(hostJson) }),
    circuit_breakers: {
      thresholds: [
        thresholdsJson(circuitBreakers.default),
        { priority: "HIGH", ...thresholdsJson(circuitBreakers.high) },
      ],
    },
    observability_name: statName,
  };
}

function thresholdsJson(thresholds: Thresholds): object {
  return {
    max_connections: thresholds.maxConnections,
    max_pending_requests: thresholds.maxPendingRequests,
    max_requests: thresholds.maxRequests,
    max_retries: thresholds.maxRetries,
  };
}

function hostJson(host: ClusterHost): object {
  const { cxActive, cxConnectFail, cxTotal, rqActive, rqError } = host.stats;
  const { rqPendingActive, rqSuccess, rqTimeout, rqTotal } = host.stats;
  const { region, zone, subZone } = host.locality;
  return {
    address: addressJson(host.address),
    stats: [
      metric("cx_connect_fail", cxConnectFail),
      metric("cx_total", cxTotal),
      metric("rq_error", rqError),
      metric("rq_success", rqSuccess),
      metric("rq_timeout", rqTimeout),
      metric("rq_total", rqTotal),
      { type: "GAUGE", ...metric("cx_active", cxActive) },
      { type: "GAUGE", ...metric("rq_active", rqActive) },
      { type: "GAUGE", ...metric("rq_pending_active", rqPendingActive) },
    ],
    health_status: healthJson(host),
    ...rateJson("success_rate", host.outcomes?.successRate),
    weight: host.weight,
    ...(host.hostname !== "" && { hostname: host.hostname }),
    ...(host.priority !== 0 && { priority: host.priority }),
    ...rateJson("local_origin_success_rate", host.outcomes?.localOriginSuccessRate),
    locality: {
      ...(region !== "" && { region }),
      ...(zone !== "" && { zone }),
      ...(subZone !== "" && { sub_zone: subZone }),
    },
  };
}

/** `envoy.admin.v3.HostHealthStatus`. */
function healthJson({ flags }: ClusterHost): object {
  const is = (flag: HostHealthFlag) => flags.has(flag);
  return {
    ...(is("failed_active_hc") && { failed_active_health_check: true }),
    ...(is("failed_outlier_check") && { failed_outlier_check: true }),
    ...(is("degraded_active_hc") && { failed_active_degraded_check: true }),
    ...(is("pending_dynamic_removal") && { pending_dynamic_removal: true }),
    ...(is("pending_active_hc") && { pending_active_hc: true }),
    ...(is("excluded_via_immediate_hc_fail") && { excluded_via_immediate_hc_fail: true }),
    ...(is("active_hc_timeout") && { active_hc_timeout: true }),
    eds_health_status: edsStatus(is),
  };
}

function edsStatus(is: (flag: HostHealthFlag) => boolean): string {
  if (is("failed_eds_health")) return "UNHEALTHY";
  if (is("eds_status_draining")) return "DRAINING";
  return is("degraded_eds_health") ? "DEGRADED" : "HEALTHY";
}

/** `envoy.type.v3.Percent`, of a host that has a rate. */
function rateJson(field: string, percent = -1): object {
  return percent < 0 ? {} : { [field]: { ...(percent !== 0 && { value: percent }) } };
}

/** A 64-bit number is text in proto JSON, and zero is left out. */
function metric(name: string, value: number): object {
  return { ...(value !== 0 && { value: String(value) }), name };
}

/** `envoy.config.core.v3.Address` as JSON. */
export function addressJson(address: Address): object {
  if (address.family === "pipe") return { pipe: { path: address.path } };
  return { socket_address: { address: address.address, port_value: address.port } };
}
