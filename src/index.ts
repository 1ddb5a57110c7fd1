/**
 * Chancery as a library: an xDS server for Node.js. Make a `Revision` of snapshots, give it to an `AdsServer`, and Envoys
 * that connect are served from it. Nothing is shared between servers, and nothing happens before `start`.
 */
export { type AdsLimits, AdsServer, type AdsServerOptions, createAdsServer } from "./server/ads-server.ts";
export type { GrpcLimits } from "./server/grpc-server.ts";
export type { ConnectionLimits } from "./server/connection-gate.ts";
export type { FanOutResult } from "./server/fan-out.ts";
export type { RateLimit } from "./server/request-rate.ts";
export type { TokenCheck } from "./server/auth/served-tokens.ts";
export type { Caller, GrpcMethod, GrpcService } from "./server/services/grpc-service.ts";
export type { RawCall } from "./server/ads-stream.ts";
export type { Clock } from "./base/clock.ts";
export { formatProblem, type Place, type Problem } from "./base/problem.ts";
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
export type { AccessPolicy, AccessRule } from "./config/access-policy.ts";
export type { NodeMatch } from "./config/node-match.ts";
export { envoyReferences } from "./config/envoy-references.ts";
export type {
  Refusal,
  Remark,
  StreamKind,
  StreamService,
  StreamStatus,
  TypeStatus,
  XdsEvent,
} from "./xds/events.ts";
export type { Named, ReferencesOf } from "./xds/order-views.ts";
export type { Holding, OrderReason, ResourceStanding } from "./xds/trace.ts";
export type { StreamStanding } from "./fleet/why.ts";
export type { StreamHoldings } from "./fleet/node-config.ts";
export { loadSchema } from "./schema/load.ts";
export { Schema } from "./schema/schema.ts";
