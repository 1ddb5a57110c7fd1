import { socketAddress } from "../../../src/base/ip-address.ts";
import type { ClusterHost } from "../../../data-plane/clusters/cluster-host.ts";
import { clusterHost } from "../../../data-plane/clusters/cluster-host.ts";
import type { HostSet } from "../../../data-plane/clusters/host-set.ts";
import { hostSets } from "../../../data-plane/clusters/host-set.ts";
import type { EndpointConfig } from "../../../data-plane/resources/cluster-load-assignment.ts";
import { noEndpoints } from "../../../data-plane/resources/cluster-load-assignment.ts";

/** A host of a test. Hosts of different names have different addresses: letters become ports. */
export function host(name: string, settings: Partial<EndpointConfig> = {}): ClusterHost {
  const address = socketAddress("192.0.2.1", name.charCodeAt(0) * 256 + (name.charCodeAt(1) || 0))!;
  const endpoint: EndpointConfig = {
    address,
    hostname: name,
    weight: 1,
    edsHealth: "healthy",
    metadata: { filter: new Map(), typed: new Map() },
    locality: { region: "", zone: "", subZone: "" },
    priority: 0,
    check: { address: undefined, port: 0, hostname: "", isDisabled: false },
    ...settings,
  };
  return clusterHost(endpoint, address, new Map());
}

/** So many hosts of a priority: healthy, degraded, unhealthy, excluded ones. */
export function hostsOfHealth(
  priority: number,
  healthy: number,
  degraded = 0,
  unhealthy = 0,
  excluded = 0,
): ClusterHost[] {
  const make = (count: number, edsHealth: EndpointConfig["edsHealth"]) =>
    Array.from({ length: count }, (_, index) =>
      host(`${edsHealth}${priority}${index}`, { edsHealth, priority }),
    );
  const waiting = make(excluded, "unhealthy");
  for (const { flags } of waiting) flags.set("pending_active_hc", true);
  return [
    ...make(healthy, "healthy"),
    ...make(degraded, "degraded"),
    ...make(unhealthy, "unhealthy"),
    ...waiting,
  ];
}

/** Host sets without locality weights. */
export function setsOf(hosts: readonly ClusterHost[], overprovisioningFactor = 140): readonly HostSet[] {
  const layout = noEndpoints("c");
  return hostSets(hosts, { ...layout, policy: { ...layout.policy, overprovisioningFactor } });
}
