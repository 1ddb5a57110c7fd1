import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LB_ENDPOINT,
  LISTENER,
  ROUTE_CONFIGURATION,
  RUNTIME,
  SCOPED_ROUTE_CONFIGURATION,
  SECRET,
  TYPED_EXTENSION_CONFIG,
  typeNameOf,
  VIRTUAL_HOST,
} from "../schema/type-urls.ts";
import type { Descriptors } from "../schema/descriptor.ts";

/** What a resource may be wrapped in, in files as on the wire. */
export const resourceWrapper = "envoy.service.discovery.v3.Resource";

/** What is special about a type of xDS resource. */
export interface ResourceType {
  readonly typeUrl: string;
  /** What people call one: `cluster`. */
  readonly noun: string;
  /** The field that holds the name which xDS clients ask for; absent when only a wrapper can name one. */
  readonly nameField?: string;
  /** Top-level keys of a document that hold a list of this type, the one to suggest first. */
  readonly keys: readonly string[];
  /**
   * What becomes of it in Envoy 1.40 as its TTL runs out: `dropped`, as it should be, or `crash` of Envoy (XDS-110).
   * Absent when that is not known.
   */
  readonly afterTtl?: "dropped" | "crash";
  /** The list of a bootstrap's `static_resources` that holds this type, if there is one. */
  readonly staticField?: string;
}

/** Every resource type of the v3 API that a control plane serves. */
export const resourceTypes: readonly ResourceType[] = [
  {
    typeUrl: CLUSTER,
    noun: "cluster",
    nameField: "name",
    afterTtl: "dropped",
    keys: ["clusters"],
    staticField: "clusters",
  },
  {
    typeUrl: CLUSTER_LOAD_ASSIGNMENT,
    noun: "endpoints",
    nameField: "cluster_name",
    afterTtl: "crash",
    keys: ["endpoints", "load_assignments"],
  },
  {
    typeUrl: LISTENER,
    noun: "listener",
    nameField: "name",
    afterTtl: "dropped",
    keys: ["listeners"],
    staticField: "listeners",
  },
  {
    typeUrl: ROUTE_CONFIGURATION,
    noun: "route configuration",
    nameField: "name",
    afterTtl: "crash",
    keys: ["routes", "route_configs"],
  },
  {
    typeUrl: SCOPED_ROUTE_CONFIGURATION,
    noun: "scoped route configuration",
    nameField: "name",
    keys: ["scoped_routes", "scoped_route_configs"],
  },
  { typeUrl: LB_ENDPOINT, noun: "locality endpoint", keys: [] },
  { typeUrl: VIRTUAL_HOST, noun: "virtual host", nameField: "name", keys: ["virtual_hosts"] },
  {
    typeUrl: SECRET,
    noun: "secret",
    nameField: "name",
    afterTtl: "crash",
    keys: ["secrets"],
    staticField: "secrets",
  },
  {
    typeUrl: RUNTIME,
    noun: "runtime layer",
    nameField: "name",
    afterTtl: "dropped",
    keys: ["runtimes", "layers"],
  },
  {
    typeUrl: TYPED_EXTENSION_CONFIG,
    noun: "extension config",
    nameField: "name",
    afterTtl: "dropped",
    keys: ["extension_configs"],
  },
];

const byUrl: ReadonlyMap<string, ResourceType> = new Map(resourceTypes.map((type) => [type.typeUrl, type]));

/**
 * The resource type of a type URL. All types that are not of Envoy's API (a user's own descriptors) are resources, and
 * go by their string field `name`, if they have one; messages of Envoy's API that nobody can ask for are none.
 */
export function resourceTypeOf(typeUrl: string, descriptors: Descriptors): ResourceType | undefined {
  const known = byUrl.get(typeUrl);
  if (known) return known;
  const typeName = typeNameOf(typeUrl);
  if (/^(envoy|google|udpa|xds|chancery)\./.test(typeName)) return undefined;
  const type = descriptors.messages.get(typeName);
  if (!type) return undefined;
  const field = type.fields.find(({ name }) => name === "name");
  const isNamed =
    field && !field.isRepeated && field.type.kind === "scalar" && field.type.scalar === "string";
  return { typeUrl, noun: typeName, keys: [], afterTtl: "dropped", ...(isNamed && { nameField: "name" }) };
}

/** What people call a resource of this type. */
export function nounOf(typeUrl: string): string {
  return byUrl.get(typeUrl)?.noun ?? typeNameOf(typeUrl);
}
