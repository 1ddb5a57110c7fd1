import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Address } from "../network/address.ts";
import type { EndpointMetadata } from "../network/upstream.ts";
import { configuredAddress, type ConfiguredAddress, endpointAddressSupport } from "./address.ts";
import { asType } from "./message-type.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import { fractionOf } from "./fraction-of.ts";
import { fractionalPercentSupport } from "./runtime-fraction.ts";
import { structFields } from "./struct-fields.ts";
import type { SupportTable } from "./support.ts";
import { oneOf, unsupportedFields } from "./support.ts";
import { wrapped } from "./values.ts";

/** One endpoint as configured. */
export interface EndpointConfig {
  readonly address: ConfiguredAddress;
  readonly hostname: string;
  /** 1 when unset. */
  readonly weight: number;
  readonly edsHealth: EdsHealth;
  readonly metadata: EndpointMetadata;
  /** Of its locality; absent where that has none. */
  readonly localityMetadata?: EndpointMetadata;
  readonly locality: LocalityConfig;
  /** 0 is the first to be used. */
  readonly priority: number;
  readonly check: EndpointCheckConfig;
}

/** `health_check_config` of an endpoint. */
export interface EndpointCheckConfig {
  /** An IP address or a pipe; undefined is the endpoint's own. */
  readonly address: Address | undefined;
  /** In place of the address's own; 0 leaves it. */
  readonly port: number;
  /** What requests of checks call the host; empty leaves it to the check. */
  readonly hostname: string;
  readonly isDisabled: boolean;
}

/** `health_status`, as far as it makes a difference: UNKNOWN is healthy, TIMEOUT unhealthy. */
export type EdsHealth = "healthy" | "degraded" | "draining" | "unhealthy";

export interface LocalityConfig {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** `load_balancing_weight` of a locality in one priority. */
export interface LocalityWeight {
  readonly priority: number;
  readonly locality: LocalityConfig;
  readonly weight: number;
}

/** `ClusterLoadAssignment.policy`. */
export interface AssignmentPolicy {
  /** In percent, 140 when unset. */
  readonly overprovisioningFactor: number;
  /** `weighted_priority_health`. */
  readonly weighsPriorityHealth: boolean;
  /** `drop_overloads`: this share of the HTTP requests is answered 503 without asking a host, 0 to 1. */
  readonly dropFraction: number;
}

/** A ClusterLoadAssignment, its localities flattened in order. */
export interface LoadAssignmentConfig {
  readonly clusterName: string;
  readonly endpoints: readonly EndpointConfig[];
  readonly localityWeights: readonly LocalityWeight[];
  readonly policy: AssignmentPolicy;
}

/** Envoy's default of `overprovisioning_factor`. */
const DEFAULT_OVERPROVISIONING = 140;

const support: SupportTable = {
  cluster_name: true,
  policy: {
    overprovisioning_factor: true,
    weighted_priority_health: true,
    drop_overloads: { category: true, drop_percentage: fractionalPercentSupport },
  },
  endpoints: {
    locality: true,
    load_balancing_weight: true,
    priority: true,
    metadata: true,
    lb_endpoints: {
      endpoint: {
        address: endpointAddressSupport,
        hostname: true,
        health_check_config: {
          port_value: true,
          hostname: true,
          address: endpointAddressSupport,
          disable_active_health_check: true,
        },
      },
      health_status: oneOf("UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED"),
      metadata: true,
      load_balancing_weight: true,
    },
  },
};

/** `envoy.config.endpoint.v3.ClusterLoadAssignment`, inline in a cluster or from EDS. */
export function parseLoadAssignment(message: Message, path: string): Parsed<LoadAssignmentConfig> {
  const assignment = asType("envoy.config.endpoint.v3.ClusterLoadAssignment", message);
  const problems: Problem[] = [...unsupportedFields(message, support, path)];
  const at = path === "" ? "" : `${path}.`;
  const endpoints = (assignment.endpoints ?? []).flatMap((group, groupIndex) =>
    (group.lb_endpoints ?? []).flatMap((endpoint, index) => {
      const address = configuredAddress(endpoint.endpoint?.address);
      if (!address) {
        const where = `${at}endpoints[${groupIndex}].lb_endpoints[${index}].endpoint.address`;
        problems.push(refuse(where, "value is required", "rule-violation"));
        return [];
      }
      const check = configuredAddress(endpoint.endpoint?.health_check_config?.address);
      if (check?.family === "name") {
        const where = `${at}endpoints[${groupIndex}].lb_endpoints[${index}].endpoint.health_check_config.address`;
        problems.push(refuse(where, `malformed IP address: ${check.name}`));
        return [];
      }
      return [endpointConfig(endpoint, address, check, group)];
    }),
  );
  // A weight counts together with a locality only, as in Envoy.
  const localityWeights = (assignment.endpoints ?? []).flatMap((group) =>
    group.locality && group.load_balancing_weight
      ? [
          {
            priority: group.priority ?? 0,
            locality: localityOf(group.locality),
            weight: wrapped(group.load_balancing_weight, 0, 0),
          },
        ]
      : [],
  );
  const { policy } = assignment;
  const drops = policy?.drop_overloads ?? [];
  const [drop] = drops;
  if (drops.length > 1) {
    const text = `Cluster drop_overloads config has ${drops.length} categories. Envoy only support one.`;
    problems.push(refuse(`${at}policy.drop_overloads`, text));
  }
  return parsed(
    {
      clusterName: assignment.cluster_name ?? "",
      endpoints,
      localityWeights,
      policy: {
        overprovisioningFactor: wrapped(policy?.overprovisioning_factor, 0, DEFAULT_OVERPROVISIONING),
        weighsPriorityHealth: policy?.weighted_priority_health ?? false,
        dropFraction: drop ? fractionOf(drop.drop_percentage ?? {}) : 0,
      },
    },
    problems,
  );
}

/** An assignment without endpoints. */
export function noEndpoints(clusterName: string): LoadAssignmentConfig {
  const policy = {
    overprovisioningFactor: DEFAULT_OVERPROVISIONING,
    weighsPriorityHealth: false,
    dropFraction: 0,
  };
  return { clusterName, endpoints: [], localityWeights: [], policy };
}

function endpointConfig(
  endpoint: MessageTypes["envoy.config.endpoint.v3.LbEndpoint"],
  address: ConfiguredAddress,
  checkAddress: Address | undefined,
  group: MessageTypes["envoy.config.endpoint.v3.LocalityLbEndpoints"],
): EndpointConfig {
  const check = endpoint.endpoint?.health_check_config;
  return {
    address,
    hostname: endpoint.endpoint?.hostname ?? "",
    weight: wrapped(endpoint.load_balancing_weight, 0, 1),
    edsHealth: edsHealthOf(endpoint.health_status),
    metadata: metadataOf(endpoint.metadata),
    ...(group.metadata && { localityMetadata: metadataOf(group.metadata) }),
    locality: localityOf(group.locality),
    priority: group.priority ?? 0,
    check: {
      address: checkAddress,
      port: check?.port_value ?? 0,
      hostname: check?.hostname ?? "",
      isDisabled: check?.disable_active_health_check ?? false,
    },
  };
}

function edsHealthOf(
  status: MessageTypes["envoy.config.endpoint.v3.LbEndpoint"]["health_status"],
): EdsHealth {
  if (status === "UNHEALTHY" || status === "TIMEOUT") return "unhealthy";
  if (status === "DRAINING") return "draining";
  return status === "DEGRADED" ? "degraded" : "healthy";
}

function localityOf(
  locality: MessageTypes["envoy.config.core.v3.Locality"] | null | undefined,
): LocalityConfig {
  return { region: locality?.region ?? "", zone: locality?.zone ?? "", subZone: locality?.sub_zone ?? "" };
}

function metadataOf(
  metadata: MessageTypes["envoy.config.core.v3.Metadata"] | null | undefined,
): EndpointMetadata {
  const filter = Object.entries(metadata?.filter_metadata ?? {}).map(
    ([namespace, struct]) => [namespace, structFields(struct)] as const,
  );
  const typed = Object.entries(metadata?.typed_filter_metadata ?? {}).map(
    ([namespace, any]) =>
      [namespace, { type_url: any.type_url ?? "", value: any.value ?? Buffer.alloc(0) }] as const,
  );
  return { filter: new Map(filter), typed: new Map(typed) };
}
