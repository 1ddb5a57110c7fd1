import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import type { MetadataValue } from "../network/connection-info.ts";
import type { EndpointMetadata } from "../network/upstream.ts";
import { configuredAddress, type ConfiguredAddress, endpointAddressSupport } from "./address.ts";
import { asType } from "./message-type.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, oneOf, unsupportedFields } from "./support.ts";
import { wrapped } from "./values.ts";

/** One endpoint as configured. */
export interface EndpointConfig {
  readonly address: ConfiguredAddress;
  readonly hostname: string;
  /** 1 when unset. */
  readonly weight: number;
  /** By `health_status`: UNKNOWN and HEALTHY. */
  readonly isHealthy: boolean;
  /** The enum's name, for `/clusters`. */
  readonly healthStatus: string | number;
  readonly metadata: EndpointMetadata;
  readonly locality: LocalityConfig;
}

export interface LocalityConfig {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** A ClusterLoadAssignment, its localities flattened in order. */
export interface LoadAssignmentConfig {
  readonly clusterName: string;
  readonly endpoints: readonly EndpointConfig[];
}

const support: SupportTable = {
  cluster_name: true,
  endpoints: {
    locality: true,
    // Without locality-weighted load balancing a locality's weight changes nothing, in Envoy either.
    load_balancing_weight: noEffect,
    priority: oneOf(0),
    metadata: noEffect,
    lb_endpoints: {
      endpoint: { address: endpointAddressSupport, hostname: true },
      health_status: oneOf("UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT"),
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
      return [endpointConfig(endpoint, address, localityOf(group.locality))];
    }),
  );
  return parsed({ clusterName: assignment.cluster_name ?? "", endpoints }, problems);
}

function endpointConfig(
  endpoint: MessageTypes["envoy.config.endpoint.v3.LbEndpoint"],
  address: ConfiguredAddress,
  locality: LocalityConfig,
): EndpointConfig {
  const healthStatus = endpoint.health_status ?? "UNKNOWN";
  return {
    address,
    hostname: endpoint.endpoint?.hostname ?? "",
    weight: wrapped(endpoint.load_balancing_weight, 0, 1),
    isHealthy: healthStatus === "UNKNOWN" || healthStatus === "HEALTHY",
    healthStatus,
    metadata: metadataOf(endpoint.metadata),
    locality,
  };
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

/** The fields of a google.protobuf.Struct message as plain values. */
function structFields(struct: unknown): Record<string, MetadataValue> {
  const fields = isRecord(struct) && isRecord(struct["fields"]) ? struct["fields"] : {};
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]));
}

/** A google.protobuf.Value as a plain value; one without a kind is null. */
function plainValue(value: unknown): MetadataValue {
  if (!isRecord(value)) return null;
  const {
    string_value: text,
    number_value: number,
    bool_value: bool,
    list_value: list,
    struct_value: struct,
  } = value;
  if (typeof text === "string") return text;
  if (typeof number === "number") return number;
  if (typeof bool === "boolean") return bool;
  if (isRecord(list)) return Array.isArray(list["values"]) ? list["values"].map(plainValue) : [];
  return struct === undefined ? null : structFields(struct);
}
