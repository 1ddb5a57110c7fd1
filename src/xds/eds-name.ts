import type { Resource } from "../snapshot/resource.ts";
import { fieldsOf, WireError } from "./wire.ts";

/** `envoy.config.cluster.v3.Cluster.DiscoveryType.EDS` */
const edsDiscoveryType = 3;

/**
 * The name by which clients ask for the endpoints of a cluster: its `eds_cluster_config.service_name`, else its own
 * name; undefined for a cluster that is not of type EDS.
 */
export function edsNameOf(cluster: Resource): string | undefined {
  try {
    return readEdsName(cluster);
  } catch (error) {
    // A program may serve bytes that are no Cluster; what refers to endpoints in them is then nobody's to say.
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function readEdsName(cluster: Resource): string | undefined {
  let isEds = false;
  let serviceName = "";
  for (const field of fieldsOf(cluster.bytes)) {
    if (field.number === 2 && "varint" in field) isEds = field.varint === edsDiscoveryType;
    if (field.number === 3 && "bytes" in field) serviceName = serviceNameOf(field.bytes) || serviceName;
  }
  return isEds ? serviceName || cluster.name : undefined;
}

/** `service_name` of an EdsClusterConfig; empty when it has none. */
function serviceNameOf(config: Buffer): string {
  let name = "";
  for (const field of fieldsOf(config)) {
    if (field.number === 2 && "bytes" in field) name = field.bytes.toString("utf8");
  }
  return name;
}
