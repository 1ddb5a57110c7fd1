/**
 * Chancery as a library: an xDS server for Node.js. Make a `Revision` of snapshots, give it to an `AdsServer`, and Envoys
 * that connect are served from it.
 */
export { type AdsLimits, AdsServer, type AdsServerOptions, createAdsServer } from "./server/ads-server.ts";
export { makeResource, type Resource, type ResourceInput } from "./snapshot/resource.ts";
export { type Group, makeRevision, type Revision, type RevisionSource } from "./snapshot/revision.ts";
export {
  type Candidate,
  everywhere,
  type Extent,
  nowhere,
  placeOf,
  type Serving,
  wholeShare,
} from "./snapshot/serving.ts";
export { Snapshot } from "./snapshot/snapshot.ts";
export type { Node } from "./snapshot/node.ts";
export type { TypeSet } from "./snapshot/type-set.ts";
export type { StreamStatus, TypeStatus, XdsEvent } from "./xds/events.ts";
export type { Named, ReferencesOf } from "./xds/order-views.ts";
export { loadSchema } from "./schema/load.ts";
export { Schema } from "./schema/schema.ts";
export { envoyReferences } from "./config/envoy-references.ts";
