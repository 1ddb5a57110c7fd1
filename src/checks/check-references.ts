import { nearest } from "../base/edit-distance.ts";
import type { Problem } from "../base/problem.ts";
import type { Compiled, Group } from "../config/compiled.ts";
import { matchesGlob } from "../config/glob.ts";
import { type Reference, referencesOf } from "../config/references.ts";
import { resourceKey } from "../config/resource-key.ts";
import { nounOf } from "../config/resource-types.ts";
import type { Resource } from "../config/resource.ts";
import type { Schema } from "../schema/schema.ts";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION, SECRET } from "../schema/type-urls.ts";
import { placeOfValue, problemAt } from "./problem-at.ts";

/**
 * Names of a group's resources that no resource of the group has. A cluster without its endpoints only warns:
 * Envoy runs it with none (XDS-67, XDS-100). Clusters of the nodes' own bootstrap are named in chancery.yaml.
 */
export function checkReferences(schema: Schema, group: Group, compiled: Compiled): Problem[] {
  // What is missing may stand in the part that could not be read.
  if (!group.isComplete) return [];
  const keys = new Set(group.resources.map(({ typeUrl, name }) => resourceKey(typeUrl, name)));
  const isThere = ({ typeUrl, name }: Reference) => {
    const key = resourceKey(typeUrl, name);
    return keys.has(key) || group.broken.has(key);
  };
  const isOfBootstrap = ({ typeUrl, name }: Reference) =>
    typeUrl === CLUSTER && compiled.bootstrapClusters.some((glob) => matchesGlob(glob, name));
  return group.resources.flatMap((resource) =>
    referencesOf(schema, resource).flatMap((reference) => {
      if (reference.lookup === "bootstrap") {
        return reference.typeUrl === SECRET && isThere(reference)
          ? [unservedSecret(resource, reference)]
          : [];
      }
      if (isThere(reference)) return isApart(reference) ? [orderNotKept(resource, reference)] : [];
      if (isOfBootstrap(reference)) return [];
      return [dangling(resource, reference, group)];
    }),
  );
}

function dangling(resource: Resource, reference: Reference, group: Group): Problem {
  const { typeUrl, name, path, lookup } = reference;
  const sameType = group.resources.filter((other) => other.typeUrl === typeUrl).map((other) => other.name);
  const suggestion = nearest(name, sameType);
  const isFatal = lookup === "served" && typeUrl !== CLUSTER_LOAD_ASSIGNMENT;
  return problemAt(placeOfValue(resource, path), {
    code: typeUrl === CLUSTER_LOAD_ASSIGNMENT ? "no-endpoints" : "unknown-reference",
    severity: isFatal ? "error" : "warning",
    message: `group ${JSON.stringify(group.name)} has no ${nounOf(typeUrl)} ${JSON.stringify(name)}, which ${nounOf(resource.typeUrl)} ${JSON.stringify(resource.name)} names${consequence(typeUrl)}`,
    path,
    ...(suggestion ? { suggestion } : {}),
  });
}

/** Types whose order among each other keeps traffic whole. */
const orderedTypes: readonly string[] = [CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION];

function isApart({ typeUrl, lookup }: Reference): boolean {
  return lookup === "another-api" && orderedTypes.includes(typeUrl);
}

/** XDS-103: this server cannot order what other streams bring. */
function orderNotKept(resource: Resource, { typeUrl, name, path }: Reference): Problem {
  return problemAt(placeOfValue(resource, path), {
    code: "order-not-kept",
    severity: "warning",
    message: `${nounOf(typeUrl)} ${JSON.stringify(name)} is fetched over a stream of its own, so that no order with the rest is kept; take it over ADS: {ads: {}, resource_api_version: V3}`,
    path,
  });
}

function consequence(typeUrl: string): string {
  if (typeUrl === CLUSTER_LOAD_ASSIGNMENT) return "; Envoy runs the cluster with no endpoints";
  if (typeUrl === CLUSTER) return "; name it under bootstrap_clusters in chancery.yaml if the nodes bring it";
  return "";
}

function unservedSecret(resource: Resource, { name, path }: Reference): Problem {
  return problemAt(placeOfValue(resource, path), {
    code: "secret-not-fetched",
    severity: "warning",
    message: `secret ${JSON.stringify(name)} is served, but without sds_config the node looks for it in its own bootstrap only; add sds_config: {ads: {}, resource_api_version: V3}`,
    path,
  });
}
