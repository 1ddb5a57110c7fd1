import type { Problem } from "../../src/base/problem.ts";
import type { Cluster } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import { type LoadAssignmentConfig, noEndpoints, parseLoadAssignment } from "./cluster-load-assignment.ts";
import type { DnsConfig } from "./dns.ts";
import { dnsClusterSupport, dnsSupport, parseDns } from "./dns.ts";
import type { ParseContext } from "./extension.ts";
import { asType } from "./message-type.ts";
import type { OriginalDstConfig } from "./original-dst.ts";
import { originalDstSupport, parseOriginalDst } from "./original-dst.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { notSupported, oneOf, unsupportedFields } from "./support.ts";
import { unpack } from "./typed-config.ts";
import { durationMs } from "./values.ts";

/** Where the endpoints come from. */
export type Discovery =
  | { readonly kind: "static"; readonly assignment: LoadAssignmentConfig }
  | {
      readonly kind: "strict-dns" | "logical-dns";
      readonly assignment: LoadAssignmentConfig;
      readonly dns: DnsConfig;
    }
  | { readonly kind: "eds"; readonly serviceName: string; readonly source: Message }
  | {
      readonly kind: "original-dst";
      readonly destination: OriginalDstConfig;
      /** Hosts that nobody used for so long are forgotten. 5 s when unset. */
      readonly cleanupMs: number;
    };

/** The fields of a cluster that say where its endpoints come from. */
export const discoverySupport: SupportTable = {
  ...dnsSupport,
  type: oneOf("STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST"),
  cluster_type: { name: true, typed_config: true },
  eds_cluster_config: { eds_config: true, service_name: true },
  load_assignment: true,
  original_dst_lb_config: originalDstSupport,
  cleanup_interval: true,
};

const DNS_CLUSTER = "envoy.extensions.clusters.dns.v3.DnsCluster";
const ORIGINAL_DST_CLUSTER = "envoy.extensions.clusters.original_dst.v3.OriginalDstCluster";

/** Where the endpoints come from, by `type` or `cluster_type`. */
export function parseDiscovery(cluster: Cluster, context: ParseContext, at: string): Parsed<Discovery> {
  const typed = cluster.cluster_type;
  if (typed) return parseClusterType(cluster, typed, context, at);
  switch (cluster.type) {
    case "EDS":
      return parseEds(cluster, context, at);
    case "ORIGINAL_DST":
      return originalDst(cluster, parseOriginalDst(cluster.original_dst_lb_config, at), at);
    case "STRICT_DNS":
    case "LOGICAL_DNS": {
      const kind = cluster.type === "LOGICAL_DNS" ? "logical-dns" : "strict-dns";
      return withDns(cluster, kind, parseDns(cluster, context, at), at);
    }
    case "STATIC":
    case undefined:
    default:
      return parseStatic(cluster, at);
  }
}

/** A cluster type that is an extension: of those, `envoy.clusters.dns` and `envoy.clusters.original_dst`. */
function parseClusterType(
  cluster: Cluster,
  typed: NonNullable<Cluster["cluster_type"]>,
  context: ParseContext,
  at: string,
): Parsed<Discovery> {
  const typeName = typeNameOf(typed.typed_config?.type_url ?? "");
  const path = `${at}cluster_type.typed_config`;
  if (typeName !== DNS_CLUSTER && typeName !== ORIGINAL_DST_CLUSTER) {
    return { problems: [notSupported(`${at}cluster_type`, typeName || (typed.name ?? ""))] };
  }
  const message = unpack(typed.typed_config ?? {}, typeName, context, path);
  if (!message.value) return { problems: message.problems };
  if (typeName === ORIGINAL_DST_CLUSTER) {
    const problems = unsupportedFields(message.value, originalDstSupport, path);
    const form = parseOriginalDst(asType(ORIGINAL_DST_CLUSTER, message.value), `${path}.`);
    return originalDst(cluster, { ...form, problems: [...problems, ...form.problems] }, at);
  }
  const form = asType(DNS_CLUSTER, message.value);
  const problems = unsupportedFields(message.value, dnsClusterSupport, path);
  const dns = parseDns(form, context, `${path}.`);
  const kind = form.all_addresses_in_single_endpoint ? "logical-dns" : "strict-dns";
  return withDns(cluster, kind, { ...dns, problems: [...problems, ...dns.problems] }, at);
}

function assignmentOf(cluster: Cluster, at: string): Parsed<LoadAssignmentConfig> {
  const found = cluster.load_assignment
    ? parseLoadAssignment({ ...cluster.load_assignment }, `${at}load_assignment`)
    : { value: noEndpoints(cluster.name ?? ""), problems: [] };
  const problems = [...found.problems];
  if (cluster.eds_cluster_config) {
    problems.push(refuse(`${at}eds_cluster_config`, "eds_cluster_config set in a non-EDS cluster"));
  }
  return found.value ? parsed(found.value, problems) : { problems };
}

function parseStatic(cluster: Cluster, at: string): Parsed<Discovery> {
  const assignment = assignmentOf(cluster, at);
  const problems = [...assignment.problems];
  for (const { address } of assignment.value?.endpoints ?? []) {
    if (address.family !== "name") continue;
    const hint = "Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'";
    problems.push(refuse(`${at}load_assignment`, `malformed IP address: ${address.name}. ${hint}`));
  }
  return assignment.value ? parsed({ kind: "static", assignment: assignment.value }, problems) : { problems };
}

function withDns(
  cluster: Cluster,
  kind: "strict-dns" | "logical-dns",
  dns: Parsed<DnsConfig>,
  at: string,
): Parsed<Discovery> {
  const assignment = assignmentOf(cluster, at);
  const problems = [...assignment.problems, ...dns.problems];
  if (!assignment.value || !dns.value) return { problems };
  if (kind === "logical-dns" && assignment.value.endpoints.length !== 1) {
    const rule = "LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint";
    problems.push(refuse(`${at}load_assignment`, rule));
  }
  return parsed({ kind, assignment: assignment.value, dns: dns.value }, problems);
}

function parseEds(cluster: Cluster, context: ParseContext, at: string): Parsed<Discovery> {
  const source = cluster.eds_cluster_config?.eds_config;
  if (!source) {
    return {
      problems: [refuse(`${at}eds_cluster_config`, "cannot create an EDS cluster without an EDS config")],
    };
  }
  const problems: Problem[] = [];
  const reason = context.sourceRefusal({ ...source });
  if (reason !== undefined) problems.push(refuse(`${at}eds_cluster_config.eds_config`, reason));
  if (cluster.load_assignment) {
    problems.push(refuse(`${at}load_assignment`, "load_assignment set in an EDS cluster"));
  }
  const serviceName = cluster.eds_cluster_config?.service_name || (cluster.name ?? "");
  return parsed({ kind: "eds", serviceName, source: { ...source } }, problems);
}

function originalDst(
  cluster: Cluster,
  destination: Parsed<OriginalDstConfig>,
  at: string,
): Parsed<Discovery> {
  const problems: Problem[] = [...destination.problems];
  const policy = cluster.lb_policy ?? "ROUND_ROBIN";
  if (policy !== "CLUSTER_PROVIDED") {
    const text = `cluster: LB policy ${policy} is not valid for Cluster type ORIGINAL_DST. Only 'CLUSTER_PROVIDED' is allowed with cluster type 'ORIGINAL_DST'`;
    problems.push(refuse(`${at}lb_policy`, text));
  }
  if (cluster.load_assignment) {
    const text = "ORIGINAL_DST clusters must have no load assignment configured";
    problems.push(refuse(`${at}load_assignment`, text));
  }
  const cleanupMs = durationMs(cluster.cleanup_interval, 5000);
  return parsed({ kind: "original-dst", destination: destination.value ?? {}, cleanupMs }, problems);
}
