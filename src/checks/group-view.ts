import type { Cluster, ClusterLoadAssignment, Listener, RouteConfiguration } from "../schema/api.ts";
import type { Message } from "../schema/message.ts";
import type { Schema } from "../schema/schema.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
  typeNameOf,
} from "../schema/type-urls.ts";
import type { Group } from "../config/compiled.ts";
import { decodeOnce } from "../config/decode-once.ts";
import type { Resource } from "../config/resource.ts";
import type { Located } from "./located.ts";

/** A resource and what its bytes say. */
export interface Decoded<T> extends Located<T> {
  readonly resource: Resource;
}

/** The resources of a group by name, typed. */
export interface GroupView {
  readonly schema: Schema;
  readonly group: Group;
  readonly clusters: ReadonlyMap<string, Decoded<Cluster>>;
  readonly endpoints: ReadonlyMap<string, Decoded<ClusterLoadAssignment>>;
  readonly listeners: ReadonlyMap<string, Decoded<Listener>>;
  readonly routes: ReadonlyMap<string, Decoded<RouteConfiguration>>;
}

/** Decodes what the checks look at. */
export function viewGroup(schema: Schema, group: Group): GroupView {
  const decoded = (typeUrl: string): ReadonlyMap<string, Decoded<Message>> =>
    new Map(
      group.resources
        .filter((resource) => resource.typeUrl === typeUrl)
        .map((resource) => [
          resource.name,
          { resource, value: decodeOnce(schema, typeNameOf(typeUrl), resource.bytes), path: "" },
        ]),
    );
  return {
    schema,
    group,
    clusters: decoded(CLUSTER),
    endpoints: decoded(CLUSTER_LOAD_ASSIGNMENT),
    listeners: decoded(LISTENER),
    routes: decoded(ROUTE_CONFIGURATION),
  };
}
