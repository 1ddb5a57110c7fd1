import type { Address } from "../network/address.ts";
import { formatHost } from "../network/address.ts";
import { isInRange } from "../network/cidr-range.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { OriginalIpDetection } from "../resources/extension.ts";
import type { RequestRules } from "./manager-config.ts";
import { forwardClientCertificate } from "./client-certificate.ts";
import { detected } from "./original-ip/xff.ts";
import { lastXffAddress } from "./original-ip/last-xff-address.ts";
import type { RequestHead } from "../network/http-message.ts";

/** What is known beside the configuration. */
export interface RequestSurroundings {
  readonly detections: readonly OriginalIpDetection[];
  /** What goes behind `x-forwarded-for` for a client on this machine (PP-65). */
  readonly ownAddress: () => string;
  readonly newRequestId: () => string;
}

/** What the rules found out about a request. */
export type Ruled =
  | {
      readonly kind: "ruled";
      /** Whom everybody takes for the client; port 0 when a header told. */
      readonly remote: Address;
      readonly isInternal: boolean;
    }
  | { readonly kind: "reject"; readonly status: number };

/** What a client that is not trusted may not tell the router. */
const internalHeaders: ReadonlySet<string> = new Set([
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-force-trace",
  "x-envoy-hedge-on-per-try-timeout",
  "x-envoy-ip-tags",
  "x-envoy-max-retries",
  "x-envoy-retriable-header-names",
  "x-envoy-retriable-status-codes",
  "x-envoy-retry-grpc-on",
  "x-envoy-retry-on",
  "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-upstream-rq-timeout-ms",
]);

/** What only another Envoy behind this one may have set. */
const edgeHeaders: ReadonlySet<string> = new Set([
  "x-envoy-decorator-operation",
  "x-envoy-downstream-service-cluster",
  "x-envoy-downstream-service-node",
  "x-envoy-original-path",
]);

/**
 * Sets and removes the headers of a request as Envoy's connection manager does, and finds out where it comes from (PP-64 to PP-74).
 */
export function applyRequestRules(
  request: RequestHead,
  rules: RequestRules,
  info: ConnectionInfo,
  around: RequestSurroundings,
): Ruled {
  const { headers } = request;
  headers.remove("x-envoy-internal");
  const origin = rules.usesRemoteAddress
    ? originByConnection(request, rules, info, around)
    : originByHeaders(request, rules, info, around);
  if (origin.kind === "reject") return origin;
  if (!headers.has("x-forwarded-proto")) headers.set("x-forwarded-proto", schemeOf(rules, info));
  if (rules.appendsForwardedPort && !headers.has("x-forwarded-port")) setForwardedPort(request, info);
  request.scheme = headers.get("x-forwarded-proto") === "https" ? "https" : "http";
  const { address } = origin;
  const isInternal =
    origin.isOnly && address !== undefined && rules.internalRanges.some((range) => isInRange(range, address));
  const remote = address ?? info.remote;
  const isEdge = !isInternal && rules.usesRemoteAddress;
  if (isInternal) headers.set("x-envoy-internal", "true");
  else {
    headers.removeWhere((name) => {
      if (!name.startsWith("x-envoy-")) return false;
      return internalHeaders.has(name) || (isEdge && edgeHeaders.has(name));
    });
  }
  if (isEdge && remote.family !== "pipe") headers.set("x-envoy-external-address", remote.address);
  if (rules.generatesRequestId) {
    const isForced = isEdge && !rules.preservesExternalRequestId;
    if (isForced || !headers.has("x-request-id")) headers.set("x-request-id", around.newRequestId());
  }
  forwardClientCertificate(headers, rules.clientCertificate, info.tls);
  if (rules.via !== "") {
    const before = headers.get("via");
    headers.set("via", before === undefined || before === "" ? rules.via : `${before}, ${rules.via}`);
  }
  return { kind: "ruled", remote, isInternal };
}

type Origin =
  | { readonly kind: "origin"; readonly address: Address | undefined; readonly isOnly: boolean }
  | { readonly kind: "reject"; readonly status: number };

/** `use_remote_address: true` (PP-64, PP-68, PP-70, PP-72). */
function originByConnection(
  request: RequestHead,
  rules: RequestRules,
  info: ConnectionInfo,
  around: RequestSurroundings,
): Origin {
  const { headers } = request;
  const before = headers.get("x-forwarded-for");
  const told = rules.trustedHops > 0 ? lastXffAddress(before, rules.trustedHops - 1)?.address : undefined;
  if (!rules.skipsXffAppend) appendXff(request, info.remote, around);
  const isUntrusted = rules.trustedHops === 0;
  if (isUntrusted || !headers.has("x-forwarded-proto")) {
    headers.set("x-forwarded-proto", schemeOf(rules, info));
  }
  if (rules.appendsForwardedPort && isUntrusted) setForwardedPort(request, info);
  return { kind: "origin", address: told ?? info.remote, isOnly: before === undefined };
}

/** `use_remote_address: false` (PP-67, PP-68, PP-73, PP-74). */
function originByHeaders(
  request: RequestHead,
  rules: RequestRules,
  info: ConnectionInfo,
  around: RequestSurroundings,
): Origin {
  const { headers } = request;
  if (around.detections.length === 0) {
    const found = detected(headers.get("x-forwarded-for"), rules.trustedHops);
    if (found.kind === "detected") return { kind: "origin", address: found.address, isOnly: found.isTrusted };
    return { kind: "origin", address: undefined, isOnly: false };
  }
  let appends = false;
  let origin: Origin = { kind: "origin", address: undefined, isOnly: false };
  for (const detection of around.detections) {
    const found = detection.detect(headers, info.remote);
    if (found.kind === "reject") return found;
    appends = detection.appendsXff(info.remote);
    if (found.kind === "unknown") continue;
    origin = { kind: "origin", address: found.address, isOnly: found.isTrusted };
    break;
  }
  if (appends) appendXff(request, info.remote, around);
  return origin;
}

function appendXff(request: RequestHead, remote: Address, around: RequestSurroundings): void {
  if (remote.family === "pipe") return;
  const isOwn = remote.address === "127.0.0.1" || remote.address === "::1";
  request.headers.append("x-forwarded-for", isOwn ? around.ownAddress() : formatHost(remote));
}

/** By the port that the client wanted to reach, where it is one of `forward_proto_config`; else by what the connection is (PP-71). */
function schemeOf(rules: RequestRules, info: ConnectionInfo): "http" | "https" {
  if (info.isLocalRestored && info.local.family !== "pipe") {
    if (rules.httpsPorts.includes(info.local.port)) return "https";
    if (rules.httpPorts.includes(info.local.port)) return "http";
  }
  return info.tls ? "https" : "http";
}

function setForwardedPort(request: RequestHead, info: ConnectionInfo): void {
  if (info.local.family !== "pipe") request.headers.set("x-forwarded-port", String(info.local.port));
}
