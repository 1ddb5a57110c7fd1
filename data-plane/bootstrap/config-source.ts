import type { Problem } from "../../src/base/problem.ts";
import type { ConfigSource } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, reasonOf, refuse, warn } from "../resources/parsed.ts";
import { asType } from "../resources/message-type.ts";
import { noEffect, notSupported, unsupportedFields } from "../resources/support.ts";
import { durationMs } from "../resources/values.ts";
import type { FileLocation, SourcePlan } from "../xds-client/source-plan.ts";
import type { ResolvedSource } from "../xds-client/xds-client.ts";
import { parseApiConfigSource } from "./api-config-source.ts";
import type { GrpcContext } from "./grpc-service.ts";

export interface SourceContext extends GrpcContext {
  /** The bootstrap has an `ads_config`. */
  readonly hasAds: boolean;
}

const support = {
  ads: true,
  api_config_source: true,
  path: true,
  path_config_source: { path: true, watched_directory: { path: true } },
  self: true,
  initial_fetch_timeout: true,
  resource_api_version: true,
  // xdstp authorities; nothing here names one.
  authorities: noEffect,
} as const;

/** Envoy's `initial_fetch_timeout` (XC-13). */
const defaultFetchTimeoutMs = 15_000;

/** `envoy.config.core.v3.ConfigSource`, with the checks of XC-3, XC-8 and XC-9 in Envoy's words. */
export function parseConfigSource(
  source: ConfigSource,
  context: SourceContext,
  path: string,
): Parsed<SourcePlan> {
  const problems: Problem[] = [...unsupportedFields(source, support, path)];
  const timeoutMs = durationMs(source.initial_fetch_timeout, defaultFetchTimeoutMs);
  if (source.resource_api_version === "V2") {
    problems.push(warn(`${path}.resource_api_version`, "V2 is gone, taken as V3", "deprecated-field"));
  }
  if (source.ads) {
    if (!context.hasAds) {
      problems.push(refuse(`${path}.ads`, "ADS must be configured to support an ADS config source"));
    }
    return parsed({ kind: "ads", timeoutMs }, problems);
  }
  if (source.api_config_source) {
    const at = `${path}.api_config_source`;
    const api = parseApiConfigSource(source.api_config_source, "own", context, at);
    problems.push(...api.problems);
    return api.value ? parsed({ kind: "api", timeoutMs, api: api.value }, problems) : { problems };
  }
  const { path_config_source: file } = source;
  if (file) {
    const { watched_directory: watched } = file;
    const location = { path: file.path ?? "", ...(watched && { watchedDirectory: watched.path ?? "" }) };
    return filePlan(location, context, `${path}.path_config_source`, problems);
  }
  if (source.path !== undefined) {
    problems.push(warn(`${path}.path`, "deprecated; use path_config_source", "deprecated-field"));
    return filePlan({ path: source.path }, context, path, problems);
  }
  const rule = "Missing config source specifier in envoy::config::core::v3::ConfigSource";
  return { problems: [...problems, refuse(path, rule)] };
}

/** XC-54. */
function filePlan(
  file: FileLocation,
  { local }: SourceContext,
  path: string,
  problems: readonly Problem[],
): Parsed<SourcePlan> {
  const found = [...problems];
  for (const [field, name] of [
    ["path", file.path],
    ["watched_directory.path", file.watchedDirectory],
  ] as const) {
    if (name === undefined || local.exists(name)) continue;
    const rule = `paths must refer to an existing path in the system: '${name}' does not exist`;
    found.push(refuse(`${path}.${field}`, rule));
  }
  if (file.path.toLowerCase().endsWith(".pb_text")) found.push(notSupported(`${path}.path`, "protobuf text"));
  // A file is read at once, so that it takes no `initial_fetch_timeout`; something must be waited for all the same.
  return parsed({ kind: "file", timeoutMs: defaultFetchTimeoutMs, file }, found);
}

/** A ConfigSource that stands in a resource (`eds_config`, `rds.config_source`): the plan, or why it cannot be used. */
export function resolveSource(source: Message | undefined, context: SourceContext): ResolvedSource {
  const message = asType("envoy.config.core.v3.ConfigSource", source ?? {});
  const { value, problems } = parseConfigSource(message, context, "");
  return value ? { kind: "plan", plan: value } : { kind: "refused", reason: reasonOf(problems) };
}

/** The reason alone; undefined when the source can be used. */
export function sourceRefusal(source: Message | undefined, context: SourceContext): string | undefined {
  const resolved = resolveSource(source, context);
  return resolved.kind === "refused" ? resolved.reason : undefined;
}
