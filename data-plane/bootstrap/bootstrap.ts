import type { Problem } from "../../src/base/problem.ts";
import type { Bootstrap, Cluster, ConfigSource, DynamicResources, Secret } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Schema } from "../../src/schema/schema.ts";
import type { Address } from "../network/address.ts";
import { configuredAddress, listenerAddressSupport, pipeSupport } from "../resources/address.ts";
import type { ClusterConfig } from "../resources/cluster.ts";
import { parseCluster } from "../resources/cluster.ts";
import type { ExtensionTable, ForeignSources, ParseContext } from "../resources/extension.ts";
import type { LocalData } from "../resources/data-source.ts";
import type { ListenerConfig } from "../resources/listener.ts";
import { parseListener } from "../resources/listener.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { noEffect, unsupportedFields } from "../resources/support.ts";
import { durationMs } from "../resources/values.ts";
import type { ApiSource, SourcePlan } from "../xds-client/source-plan.ts";
import { parseApiConfigSource } from "./api-config-source.ts";
import type { SourceContext } from "./config-source.ts";
import { parseConfigSource, sourceRefusal } from "./config-source.ts";
import type { NodeOverrides } from "./node.ts";
import { effectiveNode } from "./node.ts";
import type { LayeredRuntime } from "../resources/layered-runtime.ts";
import type { RtdsLayer } from "./runtime.ts";
import type { DownstreamLimit } from "./overload.ts";
import { overloadSupport, parseDownstreamLimit } from "./overload.ts";
import { parseRuntime } from "./runtime.ts";

/** A static resource, read, beside the message that it was read from. */
export interface Static<Config> {
  readonly config: Config;
  readonly message: Message;
}

/** A bootstrap, ready to start. Immutable. */
export interface BootstrapConfig {
  /** As it was loaded: `/config_dump` shows it. */
  readonly message: Message;
  readonly node: Message;
  readonly clusters: readonly Static<ClusterConfig>[];
  readonly listeners: readonly Static<ListenerConfig>[];
  readonly ads?: ApiSource;
  readonly cds?: SourcePlan;
  readonly lds?: SourcePlan;
  /** Absent: no admin endpoint. */
  readonly admin?: Address;
  /** How many connections all listeners together may have; absent for no limit. */
  readonly downstreamLimit?: DownstreamLimit;
  /** The one part that changes: RTDS and the admin endpoint write to it. */
  readonly runtime: LayeredRuntime;
  readonly rtds: readonly RtdsLayer[];
  /** How long an interval of histograms is; 0: from one look at the statistics to the next (`stats_flush_on_admin`). */
  readonly statsFlushMs: number;
  /** What this host allows; see `ParseContext`. */
  readonly foreignSources: ForeignSources;
  /** `static_resources.secrets`, by name. */
  readonly staticSecrets: ReadonlyMap<string, Secret>;
  /** What a ConfigSource in a resource is looked up in. */
  readonly sources: SourceContext;
}

export interface BootstrapOptions {
  readonly schema: Schema;
  readonly extensions: ExtensionTable;
  readonly overrides: NodeOverrides;
  /** Of this program: `user_agent_build_version`. */
  readonly version: string;
  /** `%HOSTNAME%` in format strings. */
  readonly hostname: string;
  /** What this host allows; everything unless given. */
  readonly foreignSources?: ForeignSources;
  /** Where certificates and keys in files are read from. */
  readonly local: LocalData;
}

const support = {
  node: true,
  static_resources: {
    clusters: true,
    listeners: true,
    secrets: { name: true, tls_certificate: true, validation_context: true, session_ticket_keys: true },
  },
  dynamic_resources: { ads_config: true, cds_config: true, lds_config: true },
  admin: {
    // The mode of a pipe's file is the umask's.
    address: { ...listenerAddressSupport, ...pipeSupport },
    // Statistics of the profiler, which only a POST that we do not have would write.
    profile_path: noEffect,
  },
  layered_runtime: true,
  overload_manager: overloadSupport,
  // There are no sinks: what a flush does is to end the interval of histograms.
  stats_flush_interval: true,
  stats_flush_on_admin: true,
} as const;

/**
 * `envoy.config.bootstrap.v3.Bootstrap`, past its field rules, with the semantic checks of XC-1 to XC-10 in Envoy's words. All problems
 * are found at once; every part that is set and not supported is one.
 */
export function parseBootstrap(bootstrap: Bootstrap, options: BootstrapOptions): Parsed<BootstrapConfig> {
  const problems: Problem[] = [...unsupportedFields(bootstrap, support, "")];
  const take = <Value>({ value, problems: found }: Parsed<Value>): Value | undefined => {
    problems.push(...found);
    return value;
  };
  const dynamic = bootstrap.dynamic_resources;
  const clusters = bootstrap.static_resources?.clusters ?? [];
  const plan = take(parseRuntime(bootstrap.layered_runtime, "layered_runtime"));
  const staticSecrets = new Map(
    (bootstrap.static_resources?.secrets ?? []).map((secret) => [secret.name ?? "", secret]),
  );
  const sources = {
    schema: options.schema,
    local: options.local,
    staticSecrets,
    clusters: new Map(clusters.map((cluster) => [cluster.name ?? "", cluster])),
    hasAds: dynamic?.ads_config !== undefined,
  };
  const node = effectiveNode(bootstrap.node, options.overrides, options.version);
  problems.push(...nodeProblems(node, dynamic), ...duplicateProblems(clusters));
  const source = (config: ConfigSource | undefined, path: string) =>
    config && take(parseConfigSource(config, sources, path));
  const ads =
    dynamic?.ads_config &&
    take(parseApiConfigSource(dynamic.ads_config, "ads", sources, "dynamic_resources.ads_config"));
  const cds = source(dynamic?.cds_config, "dynamic_resources.cds_config");
  const lds = source(dynamic?.lds_config, "dynamic_resources.lds_config");
  if (!plan) return { problems };
  const { runtime, rtds } = plan;
  for (const { path, source: rtdsSource } of rtds) {
    source(asType("envoy.config.core.v3.ConfigSource", rtdsSource), `${path}.rtds_config`);
  }
  const { schema, extensions, hostname, local } = options;
  const { foreignSources = { IPv4: true, IPv6: true } } = options;
  const hasCluster = (name: string) => sources.clusters.has(name);
  const context: ParseContext = {
    schema,
    extensions,
    runtime,
    hostname,
    foreignSources,
    staticSecrets,
    local,
    hasCluster,
    sourceRefusal: (resourceSource) => sourceRefusal(resourceSource, sources),
  };
  const read = <Config>(
    messages: readonly object[],
    parse: (message: Message, at: ParseContext, path: string) => Parsed<Config>,
    path: string,
  ) =>
    messages.flatMap((resource, index) => {
      const message = { ...resource };
      const config = take(parse(message, context, `${path}[${index}]`));
      return config ? [{ config, message }] : [];
    });
  const downstreamLimit = take(
    parseDownstreamLimit(
      bootstrap.overload_manager,
      context,
      "overload_manager",
      runtime.isLive || undefined,
    ),
  );
  const admin = configuredAddress(bootstrap.admin?.address);
  if (admin?.family === "name") {
    problems.push(refuse("admin.address", `malformed IP address: ${admin.name}`));
  }
  return parsed(
    {
      message: { ...bootstrap },
      node,
      clusters: read(clusters, parseCluster, "static_resources.clusters"),
      listeners: read(
        bootstrap.static_resources?.listeners ?? [],
        parseListener,
        "static_resources.listeners",
      ),
      ...(ads ? { ads } : {}),
      ...(cds ? { cds } : {}),
      ...(lds ? { lds } : {}),
      ...(admin && admin.family !== "name" ? { admin } : {}),
      ...(downstreamLimit && { downstreamLimit }),
      runtime,
      rtds,
      statsFlushMs: bootstrap.stats_flush_on_admin ? 0 : durationMs(bootstrap.stats_flush_interval, 5000),
      foreignSources,
      staticSecrets,
      sources,
    },
    problems,
  );
}

/** XC-2: a source introduces itself, so it must know who it is; Envoy asks it of files too. The first that needs it is named. */
function nodeProblems(node: Message, dynamic: DynamicResources | undefined): Problem[] {
  if (node["id"] && node["cluster"]) return [];
  const users = [
    ["ads", dynamic?.ads_config],
    ["type.googleapis.com/envoy.config.cluster.v3.Cluster", ownSource(dynamic?.cds_config)],
    ["type.googleapis.com/envoy.config.listener.v3.Listener", ownSource(dynamic?.lds_config)],
  ] as const;
  const needs = users.find(([, source]) => source !== undefined);
  if (!needs) return [];
  const rule =
    "node 'id' and 'cluster' are required. Set it either in 'node' config or via --service-node and --service-cluster options.";
  return [refuse("node", `${needs[0]}: ${rule}`)];
}

function ownSource(source: ConfigSource | undefined) {
  return source?.api_config_source ?? source?.path_config_source ?? source?.path;
}

/** XC-10. */
function duplicateProblems(clusters: readonly Cluster[]): Problem[] {
  const seen = new Set<string>();
  return clusters.flatMap(({ name = "" }, index) => {
    const isRepeated = seen.has(name);
    seen.add(name);
    const rule = `cluster manager: duplicate cluster '${name}'`;
    return isRepeated ? [refuse(`static_resources.clusters[${index}].name`, rule)] : [];
  });
}
