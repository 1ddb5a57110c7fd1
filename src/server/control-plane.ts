import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { Loads } from "../fleet/loads.ts";
import { type HistoryLimits, historyLimitsByDefault } from "../rollout/history.ts";
import type { JsonValue } from "../schema/json-value.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { Serving } from "../snapshot/serving.ts";
import type { PushSource } from "../sources/push/push-source.ts";
import { defaultSourceLimits, type Reading } from "../sources/reading.ts";
import type { XdsEvent } from "../xds/events.ts";
import type { AdsServerOptions } from "./ads-server.ts";
import type { AdminSource, RevisionReport } from "./admin/admin-source.ts";
import { createAdminApp } from "./admin/app.ts";
import { type AdminServer, listenAdmin } from "./admin/listen.ts";
import type { TokenCheck } from "./auth/served-tokens.ts";
import { EventLog } from "./event-log.ts";
import {
  explainListenError,
  formatListenAddress,
  type ListenAddress,
  ListenError,
  type ServeAddress,
} from "./listen-address.ts";
import type { GitReport } from "./metrics/git-metrics.ts";
import { createMetrics, type Metrics } from "./metrics/metrics.ts";
import { Observer } from "./observer.ts";
import type { Attempt } from "./reconcile/attempt.ts";
import { PushDoor } from "./push/push-door.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import type { RemovalPolicy } from "./reconcile/removals.ts";
import { SourceStanding } from "./reconcile/source-standing.ts";
import { refusedReport, resourceReports, servedReport } from "./reports.ts";
import { rolloutAnswers } from "./rollout/rollout-answers.ts";
import { RolloutDriver, type RolloutDriverOptions } from "./rollout/rollout-driver.ts";
import type { RolloutStore } from "./state/rollout-store.ts";
import type { CsdsSource } from "./services/csds-service.ts";
import { nodeConfigReport } from "./node-config-report.ts";
import { whyReport, type WhySource } from "./why-report.ts";
import type { Loader } from "./loading/loader.ts";
import type { Webhook } from "./webhook/webhook.ts";
import type { XdsFront } from "./xds-front.ts";

export interface ControlPlaneOptions {
  readonly version: string;
  /** How the git repository stands that is followed; absent for other sources. */
  readonly git?: () => GitReport;
  /** Deliveries of the repository's host, on the admin API. */
  readonly webhook?: Webhook;
  /** The source, where it is fed over the admin API. */
  readonly push?: PushSource;
  readonly removals: RemovalPolicy;
  readonly adminAddress: ListenAddress;
  /** Host names, besides addresses and `localhost`, that the admin API answers to. */
  readonly adminHosts: readonly string[];
  /** How many nodes metrics name; further ones are counted together. Default 100. */
  readonly metricNodes?: number;
  /** The admin API asks for one of these. */
  readonly adminTokens?: TokenCheck;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: RolloutStore;
  /** How much of what is over is remembered. */
  readonly history?: HistoryLimits;
  /** Performs a probe of a rollout. */
  readonly probe: RolloutDriverOptions["probe"];
  readonly watch: (signal: AbortSignal) => AsyncIterable<Reading>;
  readonly load: Loader["load"];
  /** A resource as JSON with its secrets masked. */
  readonly contentOf: (resource: Resource) => JsonValue;
  /** Shows problems to people, with the texts that they are in. */
  readonly showProblems: (problems: readonly Problem[], files: readonly ConfigFile[]) => void;
  readonly xdsAddress: ServeAddress;
  /** Makes the xDS server; it is started with the first revision that is served (XDS-135). */
  readonly createXds: (onEvent: (event: XdsEvent) => void, known: XdsKnowledge) => XdsFront;
}

/** What the services of operators tell of the fleet, and where they put what it reports. */
export interface XdsKnowledge extends CsdsSource, Required<Pick<AdsServerOptions, "onPushed">> {
  readonly loads: Loads;
  /** Told of requests that could be read, by their type URL; for counting. */
  readonly onRequests: (typeUrl: string, count: number) => void;
}

/** A running control plane: the source followed, xDS and the admin API served. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #stop = new AbortController();
  readonly #events = new EventLog();
  readonly #loads = new Loads();
  readonly #observer: Observer;
  readonly #metrics: Metrics;
  readonly #xds: XdsFront;
  #listening: Promise<void> | undefined;
  #admin: AdminServer | undefined;
  #reconciler: Reconciler | undefined;
  #following: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  readonly #rollout: RolloutDriver;
  readonly #standing: SourceStanding;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#xds = options.createXds((event) => this.#observer.take(event), {
      loads: this.#loads,
      onRequests: (typeUrl, count) => this.#observer.counters.noteRequests(typeUrl, count),
      onPushed: ({ tookMs, leftOut }) => {
        this.#metrics.pushSeconds.observe(tookMs / 1000);
        this.#metrics.mergedPushes.inc(leftOut);
      },
      streams: () => this.#xds.streams(),
      nodes: () => this.#observer.nodes(),
      resourcesOf: (group, typeUrl, id) => this.#resourcesOf(group, typeUrl, id),
    });
    this.#observer = new Observer({
      metricNodes: options.metricNodes,
      clock: options.clock,
      log: options.log,
      events: this.#events,
      streams: () => this.#xds.streams(),
      resourcesOf: (group, typeUrl, id) => this.#resourcesOf(group, typeUrl, id),
      onTaken: (event, stream) => this.#rollout.note(event, stream?.node),
      onConverged: (revisionId, tookMs) => this.#converged(revisionId, tookMs),
    });
    this.#rollout = new RolloutDriver({
      clock: options.clock,
      log: options.log.with({ component: "rollout" }),
      events: this.#events,
      store: options.store,
      history: options.history ?? historyLimitsByDefault,
      serve: (serving) => this.#serve(serving),
      streams: () => this.#xds.streams(),
      resourcesNamed: (streamId, typeUrl) => this.#observer.resourcesNamed(streamId, typeUrl),
      probe: options.probe,
      onStateError: () => this.#metrics.stateErrors.inc(),
    });
    this.#standing = new SourceStanding({ ...options, events: this.#events, rollout: this.#rollout });
    this.#metrics = createMetrics({
      counters: this.#observer.counters,
      nowMs: () => options.clock.now(),
      streams: () => this.#xds.streams(),
      loads: this.#loads,
      nodes: () => this.#observer.nodes(),
      served: () => this.#rollout.target,
      rollout: () => this.#rollout.state,
      isReady: () => this.#notReadyBecause() === undefined,
      isStateKept: () => this.#rollout.stateError === undefined,
      lastGoodLoadMs: () => this.#standing.lastGoodLoadMs,
      ...(options.git && { git: options.git }),
      workers: this.#xds.workers?.bind(this.#xds),
    });
  }

  /**
   * Resolves when the admin API listens and the source has been looked at once; xDS is then served unless there is
   * nothing valid to serve. Rejects with `ListenError` when an address cannot be had.
   */
  async start(): Promise<void> {
    const { adminAddress, adminHosts, adminTokens, clock, log } = this.#options;
    await this.#rollout.restore();
    const app = createAdminApp({
      source: this.#adminSource(),
      clock,
      allowedHosts: adminHosts,
      ...(adminTokens && { tokens: adminTokens }),
      signal: this.#stop.signal,
      ...(this.#options.webhook && { webhook: this.#options.webhook }),
      ...(this.#options.push && { pushDoor: this.#pushDoor(this.#options.push) }),
    });
    this.#admin = await listenAdmin(app, adminAddress).catch((error: NodeJS.ErrnoException) => {
      throw new ListenError(explainListenError(error, adminAddress, "--admin-address"), { cause: error });
    });
    log.info("admin API is served", { address: formatListenAddress(this.#admin.address) });
    const first = new Promise<void>((resolve) => {
      this.#reconciler = this.#follow(resolve);
    });
    this.#following = this.#reconciler!.run();
    await Promise.race([first, this.#following]);
  }

  /** What happens here, for whoever shows it. */
  get events(): EventLog {
    return this.#events;
  }

  /** Resolves when the source is no longer followed; rejects if following it broke. */
  get following(): Promise<void> {
    return this.#following;
  }

  /** Looks at the source now. */
  async reconcile(removals: RemovalPolicy = this.#options.removals): Promise<Attempt> {
    if (!this.#reconciler) throw new Error("the control plane has not started");
    return this.#reconciler.reconcileNow(removals);
  }

  /** Readiness fails at once; streams are drained; no revision is served any more (XDS-134). */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#options.log.info("shutting down", { nodes: this.#observer.connectedCount });
    // What streams that we end would say is not to be judged.
    await this.#rollout.close();
    await this.#xds.close();
    this.#stop.abort();
    await this.#following.catch(() => undefined);
    await this.#admin?.close();
  }

  #follow(onFirst: () => void): Reconciler {
    const { removals, watch, load, clock } = this.#options;
    return new Reconciler({
      signal: this.#stop.signal,
      current: () => this.#rollout.target,
      removals,
      watch,
      load,
      monotonic: () => clock.monotonic(),
      onAttempt: async (attempt, tookMs) => {
        const result = attempt.kind === "accepted" ? "accepted" : attempt.refusal.reason;
        this.#metrics.reconcileSeconds.observe({ result }, tookMs / 1000);
        if (this.#closing) return;
        if (attempt.kind === "refused") this.#metrics.loadErrors.inc({ reason: attempt.refusal.reason });
        this.#standing.take(attempt, tookMs);
        if (this.#rollout.target) await this.#listened();
        onFirst();
      },
    });
  }

  #serve(serving: Serving): void {
    const target = serving.candidate?.revision ?? serving.stable;
    const isFromSource = target === this.#rollout.state.head?.revision;
    this.#observer.expect(target, isFromSource ? target.createdAtMs : this.#options.clock.now());
    this.#xds.serve(serving);
  }

  async #listened(): Promise<void> {
    this.#listening ??= this.#listen();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { xdsAddress, log } = this.#options;
    const { port } = await this.#xds.start().catch((error: NodeJS.ErrnoException) => {
      throw new ListenError(explainListenError(error, xdsAddress, "--xds-address"), { cause: error });
    });
    const bound = "path" in xdsAddress ? xdsAddress : { ...xdsAddress, port };
    log.info("xDS is served", { address: formatListenAddress(bound) });
  }

  #converged(revision: string, tookMs: number): void {
    const { log, clock } = this.#options;
    this.#metrics.convergenceSeconds.observe(tookMs / 1000);
    log.info("all connected nodes have accepted the revision", {
      revision,
      nodes: this.#observer.connectedCount,
      took_ms: tookMs,
    });
    this.#events.add("converged", clock.now(), { revision, tookMs });
  }

  #resourcesOf(
    group: string,
    typeUrl: string,
    revisionId: string | undefined,
  ): ReadonlyMap<string, Resource> {
    const revision = this.#rollout.servedRevision(revisionId);
    return revision?.groups.get(group)?.snapshot.types.get(typeUrl)?.resources ?? new Map();
  }

  #notReadyBecause(): string | undefined {
    if (this.#closing) return "shutting down";
    if (this.#rollout.target) return this.#xds.isListening ? undefined : "starting";
    return this.#standing.refused
      ? "the source has no valid revision, and there was none before"
      : "starting";
  }

  #revisionReport(): RevisionReport {
    const { target } = this.#rollout;
    const { refused, isRestored } = this.#standing;
    return {
      current: target ? servedReport(target, isRestored, this.#observer.nodes()) : null,
      refused: refused ? refusedReport(refused) : null,
    };
  }

  /** What answers about one node are made from. */
  #nodeAnswers(): WhySource & Pick<XdsFront, "holdings"> {
    const xds = this.#xds;
    return {
      nowMs: this.#options.clock.now(),
      nodes: this.#observer.nodes(),
      streams: xds.streams(),
      serving: this.#rollout.state.serving,
      refusedSource: this.#standing.refused?.reason,
      standings: (nodeId, resource) => xds.standings(nodeId, resource),
      holdings: (nodeId, typeUrl) => xds.holdings(nodeId, typeUrl),
    };
  }

  #pushDoor(source: PushSource): PushDoor {
    const { clock, log, removals } = this.#options;
    const judge = async (allowsRemovals: boolean) => {
      const { kind } = await this.reconcile(allowsRemovals ? anyRemovals : removals);
      return kind === "accepted";
    };
    return new PushDoor({
      source,
      limits: defaultSourceLimits,
      clock,
      log: log.with({ component: "push" }),
      judge,
      onStateError: () => this.#metrics.stateErrors.inc(),
    });
  }

  #adminSource(): AdminSource {
    const { version, contentOf, removals } = this.#options;
    return {
      version,
      events: this.#events,
      notReadyBecause: () => this.#notReadyBecause(),
      nodes: () => this.#observer.nodes(),
      connected: () => this.#observer.connected(),
      revision: () => this.#revisionReport(),
      loads: () => this.#loads.list(),
      ...rolloutAnswers(this.#rollout),
      why: (query) => whyReport(query, this.#nodeAnswers()),
      nodeConfig: (query) => nodeConfigReport(query, { ...this.#nodeAnswers(), contentOf }),
      resources: (query) => resourceReports(this.#rollout.target, query, contentOf),
      reconcile: async ({ allowsRemovals }) => {
        const policy = allowsRemovals ? anyRemovals : removals;
        const { kind } = await this.reconcile(policy);
        return { isAccepted: kind === "accepted", ...this.#revisionReport() };
      },
      metrics: async () => ({
        contentType: this.#metrics.registry.contentType,
        text: await this.#metrics.registry.metrics(),
      }),
    };
  }
}

/** Somebody has said that it is meant. */
const anyRemovals: RemovalPolicy = { allowsEmptyTypes: true, largestShare: 1 };
