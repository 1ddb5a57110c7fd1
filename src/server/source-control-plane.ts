import { resolve } from "node:path";
import type { ServerCredentials } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { probeCommandsNotAllowed } from "../config/read-rollout.ts";
import { resourceTypeOf } from "../config/resource-types.ts";
import type { HistoryLimits } from "../rollout/history.ts";
import type { Schema } from "../schema/schema.ts";
import { typeNameOf } from "../schema/type-urls.ts";
import type { PushSource } from "../sources/push/push-source.ts";
import type { Source } from "../sources/source.ts";
import type { TokenCheck } from "./auth/served-tokens.ts";
import { type AdsLimits, createAdsServer } from "./ads-server.ts";
import { ControlPlane } from "./control-plane.ts";
import { formatListenAddress, type ListenAddress, type ServeAddress } from "./listen-address.ts";
import type { Loader } from "./loading/loader.ts";
import type { RemovalPolicy } from "./reconcile/removals.ts";
import { RefusedConnections } from "./refused-connections.ts";
import type { GitReport } from "./metrics/git-metrics.ts";
import { csdsAnswer } from "./services/csds-service.ts";
import { operatorServices } from "./services/operator-services.ts";
import { runProbe } from "./rollout/run-probe.ts";
import { openRolloutStore } from "./state/rollout-store.ts";
import type { Webhook } from "./webhook/webhook.ts";
import { diskFiles } from "./state/state-files.ts";

export interface SourceControlPlaneOptions {
  readonly source: Source;
  /** How the repository stands, where the source is one. */
  readonly git?: () => GitReport;
  /** Deliveries of the repository's host, on the admin API. */
  readonly webhook?: Webhook;
  /** The source, where it is fed over the admin API. */
  readonly push?: PushSource;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  readonly stateFolder: string;
  /** How much of what is over is remembered. */
  readonly history?: HistoryLimits;
  readonly xdsAddress: ServeAddress;
  /** Permissions of the file of a Unix-domain socket. */
  readonly xdsSocketMode?: number;
  /** Plain text unless given. */
  readonly xdsCredentials?: ServerCredentials;
  /** One of these, or a certificate, is asked for. */
  readonly xdsTokens?: TokenCheck;
  readonly adminTokens?: TokenCheck;
  readonly adminAddress: ListenAddress;
  readonly adminHosts: readonly string[];
  /** How many nodes metrics name; further ones are counted together. Default 100. */
  readonly metricNodes?: number;
  readonly removals: RemovalPolicy;
  /** True lets the configuration have programs run here, as probes of rollouts. */
  readonly allowsProbeCommands: boolean;
  /** How long open streams are drained for at the end. */
  readonly drainMs: number;
  /** What xDS clients are held to beside the defaults. */
  readonly limits?: Partial<AdsLimits>;
  readonly schema: Schema;
  readonly loader: Loader;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Tells processes that share the state folder apart. */
  readonly processToken: string;
  readonly showProblems: (problems: readonly Problem[], files: readonly ConfigFile[]) => void;
}

/** A control plane over a source, with the checks of Envoy resources; nothing happens before its `start`. */
export function createSourceControlPlane(options: SourceControlPlaneOptions): ControlPlane {
  const { source, cwd, schema, clock, log, version } = options;
  return new ControlPlane({
    version,
    ...(options.git && { git: options.git }),
    ...(options.webhook && { webhook: options.webhook }),
    ...(options.push && { push: options.push }),
    removals: options.removals,
    adminAddress: options.adminAddress,
    adminHosts: options.adminHosts,
    ...(options.metricNodes !== undefined && { metricNodes: options.metricNodes }),
    ...(options.adminTokens && { adminTokens: options.adminTokens }),
    xdsAddress: options.xdsAddress,
    clock,
    log,
    store: openRolloutStore(
      resolve(cwd, options.stateFolder),
      source.identity,
      diskFiles,
      options.processToken,
      options.history,
    ),
    ...(options.history && { history: options.history }),
    watch: (signal) => source.watch(signal),
    load: async (files, signal) => {
      const loaded = await options.loader.load(files, signal);
      if (options.allowsProbeCommands || !loaded.probeCommands) return loaded;
      const refused = probeCommandsNotAllowed(loaded.probeCommands);
      return { ...loaded, problems: [...loaded.problems, ...refused] };
    },
    contentOf: ({ typeUrl, bytes }) => {
      const typeName = typeNameOf(typeUrl);
      return schema.toJson(typeName, schema.decode(typeName, bytes), { mask: true });
    },
    showProblems: options.showProblems,
    probe: runProbe,
    createXds: (onEvent, known) =>
      createAdsServer({
        address: formatListenAddress(options.xdsAddress),
        ...(options.xdsSocketMode !== undefined && { socketMode: options.xdsSocketMode }),
        isOwnType: (typeUrl) => resourceTypeOf(typeUrl, schema.descriptors) !== undefined,
        ...(options.xdsCredentials && { credentials: options.xdsCredentials }),
        ...(options.xdsTokens && { tokens: options.xdsTokens }),
        identifier: `chancery ${version}`,
        onRefusedConnection: new RefusedConnections(log.with({ component: "xds" }), clock).note,
        services: operatorServices({
          schema,
          clock,
          loads: known.loads,
          clientStatus: csdsAnswer(schema, known),
        }),
        drainMs: options.drainMs,
        ...(options.limits && { limits: options.limits }),
        clock,
        referencesOf: options.loader.referencesOf,
        onEvent,
        onRequest: known.onRequest,
        onPushed: known.onPushed,
      }),
  });
}
