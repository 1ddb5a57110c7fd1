import type { Problem } from "../../src/base/problem.ts";
import type { ApiConfigSource } from "../../src/schema/api.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { noEffect, notSupported, unsupportedFields } from "../resources/support.ts";
import type { ApiSource } from "../xds-client/source-plan.ts";
import type { GrpcContext } from "./grpc-service.ts";
import { parseGrpcService } from "./grpc-service.ts";

const typeName = "envoy.config.core.v3.ApiConfigSource";

const support = {
  api_type: true,
  cluster_names: true,
  grpc_services: true,
  set_node_on_first_message_only: true,
  transport_api_version: true,
  // Both are about polling over REST, which is refused.
  refresh_delay: noEffect,
  request_timeout: noEffect,
} as const;

/**
 * `envoy.config.core.v3.ApiConfigSource`, with the checks of XC-4, XC-5 and XC-9 in Envoy's words. `use` says whether it stands in
 * `ads_config` or is a source of its own type.
 */
export function parseApiConfigSource(
  source: ApiConfigSource,
  use: "ads" | "own",
  context: GrpcContext,
  path: string,
): Parsed<ApiSource> {
  const problems: Problem[] = [...unsupportedFields(source, support, path)];
  const wrong = apiTypeProblem(source, use, path) ?? servicesProblem(source, path);
  if (wrong) return { problems: [...problems, wrong] };
  if (source.transport_api_version === "V2") {
    const rule = `V2 xDS transport protocol version is deprecated in ${typeName}`;
    problems.push(refuse(`${path}.transport_api_version`, rule));
  }
  const service = parseGrpcService(source.grpc_services![0]!, context, `${path}.grpc_services[0]`);
  if (!service.value) return { problems: [...problems, ...service.problems] };
  return parsed(
    {
      mode: source.api_type === "DELTA_GRPC" ? "delta" : "sotw",
      ...service.value,
      isNodeOnFirstOnly: source.set_node_on_first_message_only ?? false,
    },
    [...problems, ...service.problems],
  );
}

function apiTypeProblem(source: ApiConfigSource, use: "ads" | "own", path: string): Problem | undefined {
  const at = `${path}.api_type`;
  const type = source.api_type ?? "DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE";
  if (type === "GRPC" || type === "DELTA_GRPC") return undefined;
  const isAggregated = type === "AGGREGATED_GRPC" || type === "AGGREGATED_DELTA_GRPC";
  if (use === "ads") return refuse(at, `${typeName} type must be of non-aggregated gRPC`);
  if (isAggregated) return refuse(at, `Unsupported config source ${type}`);
  if (source.grpc_services) {
    return refuse(at, `${typeName}, if not a gRPC type, must not have a gRPC service specified`);
  }
  if (type === "REST" && !source.refresh_delay) {
    return refuse(at, "refresh_delay is required for REST API configuration sources");
  }
  return notSupported(at, `api_type ${type}`);
}

function servicesProblem(source: ApiConfigSource, path: string): Problem | undefined {
  const kind = `${typeName}::(AGGREGATED_)(DELTA_)GRPC`;
  const services = source.grpc_services ?? [];
  if (source.cluster_names) {
    return refuse(`${path}.cluster_names`, `${kind} must not have a cluster name specified`);
  }
  if (services.length === 0) {
    return refuse(path, "API configs must have either a gRPC service or a cluster name defined");
  }
  if (services.length > 1) {
    return refuse(`${path}.grpc_services`, `${kind} must have no more than 1 gRPC services specified`);
  }
  return undefined;
}
