import { hasErrors, type Problem } from "../../base/problem.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import type { Schema } from "../../schema/schema.ts";
import { parseYaml } from "../../schema/yaml/parse-yaml.ts";

/** A resource as a proxy has it. */
export interface DumpItem {
  /** Full type name: `envoy.config.cluster.v3.Cluster`. */
  readonly type: string;
  readonly name: string;
  /** `failed` is a listener that could not be made. */
  readonly state: "static" | "active" | "warming" | "draining" | "failed";
  readonly version?: string;
  /** Why it failed. */
  readonly error?: string;
  /** Secrets masked. */
  readonly resource: JsonValue;
}

export interface ReadDump {
  readonly items: readonly DumpItem[];
  /** With an error among them there are no items. */
  readonly problems: readonly Problem[];
}

type Fields = Readonly<Record<string, JsonValue>>;

/** Message of a section, field of a list in it, field of the resource in an entry, and what state that list means. */
const lists: readonly (readonly [string, string, string, DumpItem["state"]])[] = [
  ["ClustersConfigDump", "static_clusters", "cluster", "static"],
  ["ClustersConfigDump", "dynamic_active_clusters", "cluster", "active"],
  ["ClustersConfigDump", "dynamic_warming_clusters", "cluster", "warming"],
  ["EndpointsConfigDump", "static_endpoint_configs", "endpoint_config", "static"],
  ["EndpointsConfigDump", "dynamic_endpoint_configs", "endpoint_config", "active"],
  ["ListenersConfigDump", "static_listeners", "listener", "static"],
  ["RoutesConfigDump", "static_route_configs", "route_config", "static"],
  ["RoutesConfigDump", "dynamic_route_configs", "route_config", "active"],
  ["ScopedRoutesConfigDump", "inline_scoped_route_configs", "scoped_route_configs", "static"],
  ["ScopedRoutesConfigDump", "dynamic_scoped_route_configs", "scoped_route_configs", "active"],
  ["SecretsConfigDump", "static_secrets", "secret", "static"],
  ["SecretsConfigDump", "dynamic_active_secrets", "secret", "active"],
  ["SecretsConfigDump", "dynamic_warming_secrets", "secret", "warming"],
  ["EcdsConfigDump", "ecds_filters", "ecds_filter", "active"],
];

const listenerStates = [
  ["active_state", "active"],
  ["warming_state", "warming"],
  ["draining_state", "draining"],
] as const;

/**
 * The resources in what `/config_dump` of an Envoy answers (`envoy.admin.v3.ConfigDump`), secrets masked once more. A
 * dump that has fields or types that are not known is refused, since nobody could tell what in it is secret.
 */
export function readConfigDump(schema: Schema, name: string, text: string): ReadDump {
  const { documents, problems } = parseYaml({ name, text });
  const [document] = documents;
  if (!document || hasErrors(problems)) return { items: [], problems };
  const type = "envoy.admin.v3.ConfigDump";
  const read = schema.fromSource(type, document, { rules: false });
  const all = [...problems, ...read.problems];
  if (!read.message || hasErrors(all)) return { items: [], problems: all };
  const dump = fieldsOf(schema.toJson(type, read.message, { mask: true }));
  return { items: listOf(dump["configs"]).flatMap(sectionItems), problems: all };
}

function sectionItems(section: JsonValue): readonly DumpItem[] {
  const fields = fieldsOf(section);
  const message = typeOf(fields).slice(typeOf(fields).lastIndexOf(".") + 1);
  if (message === "BootstrapConfigDump") return itemsOf(fields, "bootstrap", "static");
  const items = lists
    .filter(([of]) => of === message)
    .flatMap(([, list, resource, state]) =>
      listOf(fields[list]).flatMap((entry) => itemsOf(fieldsOf(entry), resource, state)),
    );
  const dynamic = message === "ListenersConfigDump" ? listOf(fields["dynamic_listeners"]) : [];
  return [...items, ...dynamic.flatMap((entry) => listenerItems(fieldsOf(entry)))];
}

function listenerItems(entry: Fields): readonly DumpItem[] {
  const items = listenerStates.flatMap(([field, state]) =>
    itemsOf(fieldsOf(entry[field]), "listener", state),
  );
  const failure = fieldsOf(entry["error_state"]);
  const failed = itemsOf(failure, "failed_configuration", "failed");
  const error = textOf(failure["details"]);
  return [...items, ...failed.map((item) => ({ ...item, ...(error && { error }) }))];
}

/** What stands in a field of an entry: one resource, or a list of them. */
function itemsOf(entry: Fields, field: string, state: DumpItem["state"]): readonly DumpItem[] {
  const found = entry[field];
  const resources = found === undefined ? [] : Array.isArray(found) ? listOf(found) : [found];
  const version = textOf(entry["version_info"]);
  return resources.map((resource) => {
    const fields = fieldsOf(resource);
    const name = textOf(fields["name"]) || textOf(fields["cluster_name"]) || textOf(entry["name"]);
    // Every resource stands in an Any, but for the one bootstrap.
    return {
      type: typeOf(fields) || "envoy.config.bootstrap.v3.Bootstrap",
      name,
      state,
      ...(version && { version }),
      resource,
    };
  });
}

function typeOf(fields: Fields): string {
  return textOf(fields["@type"]).replace(/^.*\//, "");
}

function fieldsOf(value: JsonValue | undefined): Fields {
  return typeof value === "object" && value !== null && !isList(value) ? value : {};
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return value !== undefined && isList(value) ? value : [];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
