import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "../../schema/json-value.ts";
import { BOOTSTRAP, CLUSTER_LOAD_ASSIGNMENT, typeNameOf, typeUrlOf } from "../../schema/type-urls.ts";
import type { DumpItem } from "../config/config-dump.ts";
import { fieldsOf, type Fields, type Imported, type ImportedResource, listOf, textOf } from "./imported.ts";
import { liftBootstrap } from "./lift-bootstrap.ts";

/**
 * The resources of a running Envoy: those of its bootstrap, and those that it got over xDS and uses. What a listener
 * or a cluster has inside (routes, endpoints) is there with it, and not once more.
 */
export function liftDump(items: readonly DumpItem[]): Imported {
  const bootstrap = items.find(({ type }) => type === typeNameOf(BOOTSTRAP));
  const lifted = liftBootstrap(bootstrap ? fieldsOf(bootstrap.resource) : {});
  const others = items.filter((item) => item !== bootstrap && item.state !== "static");
  const active = others.filter(({ state }) => state === "active");
  const unused = others.filter(({ state }) => state !== "active");
  const notes = [
    ...lifted.notes,
    ...(bootstrap
      ? []
      : ["the dump has no bootstrap, so static resources are missing: ask for all of /config_dump"]),
    ...unused.map(({ type, name, state }) => `${type} ${name} is left out: it is ${state}`),
  ];
  return { ...lifted, resources: distinct([...lifted.resources, ...active.map(resourceOf)]), notes };
}

/** A dump tells a resource once for each place that uses it; those that differ stay, and are an error later. */
function distinct(resources: readonly ImportedResource[]): readonly ImportedResource[] {
  const kept = new Map<string, ImportedResource[]>();
  return resources.filter((resource) => {
    const key = `${resource.typeUrl} ${resource.name}`;
    const before = kept.get(key) ?? [];
    if (before.some(({ fields }) => isDeepStrictEqual(fields, resource.fields))) return false;
    kept.set(key, [...before, resource]);
    return true;
  });
}

function resourceOf({ type, name, resource }: DumpItem): ImportedResource {
  const { "@type": _type, ...fields } = fieldsOf(resource);
  const typeUrl = typeUrlOf(type);
  return { typeUrl, name, fields: typeUrl === CLUSTER_LOAD_ASSIGNMENT ? withoutState(fields) : fields };
}

/** What Envoy found of endpoints by checks; it says nothing of how they are meant to be. */
const foundHealth = new Set(["HEALTHY", "UNHEALTHY", "TIMEOUT", "DEGRADED"]);

/** An assignment as somebody would write it: without what Envoy found out, and the weight 0 that it gives for none. */
function withoutState(assignment: Fields): Fields {
  const localities = listOf(assignment["endpoints"]).map((locality): JsonValue => {
    const { load_balancing_weight: weight, lb_endpoints: endpoints, ...rest } = fieldsOf(locality);
    return {
      ...rest,
      ...(endpoints !== undefined && { lb_endpoints: listOf(endpoints).map(withoutHealth) }),
      ...(weight !== undefined && weight !== 0 && { load_balancing_weight: weight }),
    };
  });
  return localities.length > 0 ? { ...assignment, endpoints: localities } : assignment;
}

function withoutHealth(endpoint: JsonValue): JsonValue {
  const { health_status: health, ...rest } = fieldsOf(endpoint);
  return health === undefined || foundHealth.has(textOf(health)) ? rest : { ...rest, health_status: health };
}
