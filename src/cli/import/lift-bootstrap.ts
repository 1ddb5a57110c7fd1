import type { JsonValue } from "../../schema/json-value.ts";
import { CLUSTER, LISTENER, SECRET } from "../../schema/type-urls.ts";
import {
  fieldsOf,
  type Fields,
  type Imported,
  type ImportedResource,
  isFields,
  listOf,
  textOf,
} from "./imported.ts";

const staticLists = [
  ["clusters", CLUSTER],
  ["listeners", LISTENER],
  ["secrets", SECRET],
] as const;

/**
 * The static resources of a bootstrap, without the clusters that lead to the management server. A listener without a
 * name gets one, since nobody can ask for it else.
 */
export function liftBootstrap(bootstrap: Fields): Imported {
  const { node, static_resources: statics, dynamic_resources: dynamic, ...others } = bootstrap;
  const management = new Set(clusterNamesIn(dynamic));
  const all = staticLists.flatMap(([list, typeUrl]) =>
    listOf(fieldsOf(statics)[list]).map((item) => resourceOf(typeUrl, fieldsOf(item))),
  );
  const resources = all.filter(({ typeUrl, name }) => typeUrl !== CLUSTER || !management.has(name));
  const unnamed = resources.filter(
    ({ typeUrl, fields }) => typeUrl === LISTENER && textOf(fields["name"]) === "",
  );
  const named = resources.map((resource) =>
    unnamed.includes(resource)
      ? { ...resource, fields: { name: resource.name, ...resource.fields } }
      : resource,
  );
  const { id, cluster } = fieldsOf(node);
  const bootstrapClusters = all.filter((resource) => !resources.includes(resource)).map(({ name }) => name);
  const kept = Object.keys(others);
  return {
    resources: named,
    bootstrapClusters,
    ...(textOf(id) && { node: { id: textOf(id), cluster: textOf(cluster) } }),
    notes: [
      ...unnamed.map(({ name }) => `a listener without a name is called ${name}`),
      ...bootstrapClusters.map(
        (name) => `cluster ${name} leads to the management server and stays in the bootstrap`,
      ),
      ...(kept.length > 0 ? [`${kept.join(", ")} of the bootstrap cannot be served and stay there`] : []),
    ],
  };
}

function resourceOf(typeUrl: string, fields: Fields): ImportedResource {
  return { typeUrl, name: textOf(fields["name"]) || nameByAddress(fields), fields };
}

/** `listener_0_0_0_0_8080`. */
function nameByAddress(listener: Fields): string {
  const { address, port_value: port } = fieldsOf(fieldsOf(listener["address"])["socket_address"]);
  const text = [textOf(address), typeof port === "number" ? String(port) : "0"].join("_");
  return `listener_${text.replaceAll(/\W/g, "_")}`;
}

/** Names under `envoy_grpc.cluster_name` and `cluster_names`, at any depth. */
function clusterNamesIn(value: JsonValue | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => clusterNamesIn(item));
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "cluster_name") return [textOf(inner)];
    if (key === "cluster_names") return listOf(inner).map(textOf);
    return clusterNamesIn(inner);
  });
}
