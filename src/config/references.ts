import type { ConfigSource, MessageTypes } from "../schema/api.ts";
import type { Message } from "../schema/message.ts";
import { fieldPath, itemPath } from "../schema/path.ts";
import type { Schema } from "../schema/schema.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
  RUNTIME,
  SECRET,
  TYPED_EXTENSION_CONFIG,
  typeNameOf,
} from "../schema/type-urls.ts";
import { clusterFields } from "./cluster-fields.ts";
import { decodeOnce } from "./decode-once.ts";
import type { Resource } from "./resource.ts";
import { walk } from "./walk.ts";

/** A place in a resource that names another resource. */
export interface Reference {
  /** What is named. */
  readonly typeUrl: string;
  readonly name: string;
  /** The field that names it, inside the naming resource: `route_config.virtual_hosts[0].routes[1].route.cluster`. */
  readonly path: string;
  /**
   * Where the node looks it up: `served` by the same management server, by `another-api` (a config source of its
   * own, which may or may not lead here), or in its `bootstrap` alone.
   */
  readonly lookup: "served" | "another-api" | "bootstrap";
}

// A memo and nothing else: messages and schema are immutable, and an entry goes when the message does.
const memo = new WeakMap<Schema, WeakMap<object, readonly Reference[]>>();

/**
 * Everything that a resource names: route configurations, clusters, endpoints, secrets, extension configs and
 * internal listeners, at any depth and inside typed configs. Found once for the same bytes. In order of fields.
 */
export function referencesOf(
  schema: Schema,
  { typeUrl, bytes }: Pick<Resource, "typeUrl" | "bytes">,
): readonly Reference[] {
  const typeName = typeNameOf(typeUrl);
  return referencesIn(schema, typeName, decodeOnce(schema, typeName, bytes));
}

/** As `referencesOf`, of a message of any type. Found once for the same object. */
export function referencesIn(schema: Schema, typeName: string, root: object): readonly Reference[] {
  let known = memo.get(schema);
  if (!known) {
    known = new WeakMap();
    memo.set(schema, known);
  }
  let references = known.get(root);
  if (!references) {
    references = findReferences(schema, typeName, root);
    known.set(root, references);
  }
  return references;
}

function findReferences(schema: Schema, typeName: string, root: object): readonly Reference[] {
  const found: Reference[] = [];
  walk(schema, typeName, root, "", (name, message, path) => {
    if (name === "envoy.config.core.v3.ApiConfigSource") {
      found.push(...ofManagementServer(schema, message, path));
      return false;
    }
    found.push(...ofMessage(name, message, path));
    return true;
  });
  return found;
}

function ofMessage(typeName: string, message: Message, path: string): Reference[] {
  const field = clusterFields.get(typeName);
  if (field) return clustersNamed(message, field, path);
  const rule = rules[typeName];
  return rule ? [...rule(message, path)] : [];
}

function clustersNamed(message: Message, field: string, path: string): Reference[] {
  const value = message[field];
  const at = fieldPath(path, field);
  if (typeof value === "string") return [{ typeUrl: CLUSTER, name: value, path: at, lookup: "served" }];
  if (!Array.isArray(value)) return [];
  return value
    .filter((name) => typeof name === "string")
    .map((name, index) => ({ typeUrl: CLUSTER, name, path: itemPath(at, index), lookup: "served" }));
}

/** The clusters of a management server: a node has them before it is served anything. */
function ofManagementServer(schema: Schema, source: Message, path: string): Reference[] {
  const found: Reference[] = [];
  walk(schema, "envoy.config.core.v3.ApiConfigSource", source, path, (name, message, at) => {
    found.push(...ofMessage(name, message, at));
    return true;
  });
  return found.map((reference) => ({ ...reference, lookup: "bootstrap" }));
}

type Rule = (message: Message, path: string) => Iterable<Reference>;

/** Message types that name resources which are no clusters. */
const rules: Readonly<Record<string, Rule>> = {
  "envoy.config.cluster.v3.Cluster": (message, path) => endpointsOf(message, path),
  "envoy.config.core.v3.EnvoyInternalAddress": (message, path) => {
    const { server_listener_name: name }: MessageTypes["envoy.config.core.v3.EnvoyInternalAddress"] = message;
    const at = fieldPath(path, "server_listener_name");
    return name === undefined ? [] : [{ typeUrl: LISTENER, name, path: at, lookup: "served" }];
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.Rds": (message, path) => {
    const rds: MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.Rds"] = message;
    return named(
      ROUTE_CONFIGURATION,
      rds.route_config_name,
      fieldPath(path, "route_config_name"),
      rds.config_source,
    );
  },
  "envoy.config.route.v3.ScopedRouteConfiguration": (message, path) => {
    const scope: MessageTypes["envoy.config.route.v3.ScopedRouteConfiguration"] = message;
    const at = fieldPath(path, "route_configuration_name");
    const name = scope.route_configuration_name;
    return name === undefined ? [] : [{ typeUrl: ROUTE_CONFIGURATION, name, path: at, lookup: "served" }];
  },
  "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig": (message, path) => {
    const secret: MessageTypes["envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig"] = message;
    const at = fieldPath(path, "name");
    if (secret.sds_config) return named(SECRET, secret.name, at, secret.sds_config);
    return secret.name === undefined
      ? []
      : [{ typeUrl: SECRET, name: secret.name, path: at, lookup: "bootstrap" }];
  },
  "envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer": (message, path) => {
    const layer: MessageTypes["envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer"] = message;
    return named(RUNTIME, layer.name, fieldPath(path, "name"), layer.rtds_config);
  },
  "envoy.config.listener.v3.Filter": extensionOf,
  "envoy.config.listener.v3.ListenerFilter": extensionOf,
  "envoy.config.cluster.v3.Filter": extensionOf,
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter": extensionOf,
};

/** An extension that comes over ECDS goes by the name of the filter. */
function extensionOf(message: Message, path: string): Reference[] {
  const filter: MessageTypes["envoy.config.listener.v3.Filter"] = message;
  return named(
    TYPED_EXTENSION_CONFIG,
    filter.name,
    fieldPath(path, "name"),
    filter.config_discovery?.config_source,
  );
}

function endpointsOf(message: Message, path: string): Reference[] {
  const cluster: MessageTypes["envoy.config.cluster.v3.Cluster"] = message;
  const eds = cluster.eds_cluster_config;
  if (cluster.type !== "EDS" || !eds) return [];
  const field = eds.service_name === undefined ? "name" : "eds_cluster_config.service_name";
  return named(
    CLUSTER_LOAD_ASSIGNMENT,
    eds.service_name ?? cluster.name,
    fieldPath(path, field),
    eds.eds_config,
  );
}

function named(
  typeUrl: string,
  name: string | undefined,
  path: string,
  source: ConfigSource | undefined,
): Reference[] {
  if (name === undefined || !source) return [];
  // A file on the node's disk is no concern of a management server.
  if (source.path_config_source || source.path !== undefined) return [];
  const lookup = source.api_config_source ? "another-api" : "served";
  return [{ typeUrl, name, path, lookup }];
}
