import { resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { probeCommandsNotAllowed } from "../config/read-rollout.ts";
import { resourceTypeOf } from "../config/resource-types.ts";
import type { HistoryLimits } from "../rollout/history.ts";
import type { Schema } from "../schema/schema.ts";
import type { UserTypePaths } from "../schema/user-types/load-user-types.ts";
import { typeNameOf } from "../schema/type-urls.ts";
import type { PushSource } from "../sources/push/push-source.ts";
import type { XdsEvent } from "../xds/events.ts";
import type { Source } from "../sources/source.ts";
import type { ServedTokens, TokenCheck } from "./auth/served-tokens.ts";
import { type AdsLimits, createAdsServer, defaultAdsLimits } from "./ads-server.ts";
import { ControlPlane, type XdsKnowledge } from "./control-plane.ts";
import { formatListenAddress, type ListenAddress, type ServeAddress } from "./listen-address.ts";
import type { Loader } from "./loading/loader.ts";
import type { RemovalPolicy } from "./reconcile/removals.ts";
import { RefusedConnections } from "./refused-connections.ts";
import type { GitReport } from "./metrics/git-metrics.ts";
import { csdsAnswer } from "./services/csds-service.ts";
import { operatorServices } from "./services/operator-services.ts";
import { runProbe } from "./rollout/run-probe.ts";
import { openRolloutStore } from "./state/rollout-store.ts";
import type { ServedTls } from "./tls/served-tls.ts";
import type { Webhook } from "./webhook/webhook.ts";
import { diskFiles } from "./state/state-files.ts";
import { forkWorker } from "./workers/fork-worker.ts";
import { WorkerPool } from "./workers/worker-pool.ts";
import type { XdsFront } from "./xds-front.ts";

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
  readonly xdsTls?: ServedTls;
  /** One of these, or a certificate, is asked for. */
  readonly xdsTokens?: ServedTokens;
  /**
   * How many processes serve xDS beside this one, and where they find the types that the schema has beside the Envoy API.
   * Default: none, this one serves.
   */
  readonly workers?: {
    readonly count: number;
    readonly hungAfterMs: number;
    readonly userTypes: UserTypePaths;
  };
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
    probe: (probe, signal) => runProbe(probe, signal, clock),
    createXds: (onEvent, known) => createXds(options, onEvent, known),
  });
}

/** The server of this process, or one of several. */
function createXds(
  options: SourceControlPlaneOptions,
  onEvent: (event: XdsEvent) => void,
  known: XdsKnowledge,
): XdsFront {
  const { schema, clock, xdsTls, xdsTokens, xdsSocketMode, workers } = options;
  const log = options.log.with({ component: "xds" });
  const refused = new RefusedConnections(log, clock);
  const { loads, onRequests, onPushed } = known;
  const clientStatus = csdsAnswer(schema, known);
  const common = {
    address: formatListenAddress(options.xdsAddress),
    ...(xdsSocketMode !== undefined && { socketMode: xdsSocketMode }),
    identifier: `chancery ${options.version}`,
    drainMs: options.drainMs,
    limits: { ...defaultAdsLimits, ...options.limits },
    clock,
    referencesOf: options.loader.referencesOf,
    onEvent,
    onPushed,
  };
  if (workers) {
    return new WorkerPool({
      ...common,
      ...workers,
      fork: forkWorker,
      ...(xdsTls && { tls: xdsTls }),
      ...(xdsTokens && { tokens: xdsTokens }),
      clientStatus,
      loads,
      log,
      onRequests,
      onRefused: refused.note,
    });
  }
  return createAdsServer({
    ...common,
    isOwnType: (typeUrl) => resourceTypeOf(typeUrl, schema.descriptors) !== undefined,
    ...(xdsTls && { credentials: xdsTls.credentials }),
    ...(xdsTokens && { tokens: xdsTokens }),
    onRefusedConnection: refused.note,
    services: operatorServices({ schema, clock, loads, clientStatus }),
    onRequest: (typeUrl) => onRequests(typeUrl, 1),
  });
}
