import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Loads } from "../../fleet/loads.ts";
import type { NodeStatus } from "../../fleet/node-status.ts";
import type { RolloutState } from "../../rollout/state.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { StreamStatus } from "../../xds/events.ts";
import { type GitReport, registerGit } from "./git-metrics.ts";
import { registerGroups } from "./group-metrics.ts";
import { registerWorkers, type WorkersReport } from "./worker-metrics.ts";
import { typeLabel, type XdsCounters } from "./xds-counters.ts";

/** What is read at a scrape. */
export interface MetricSources {
  readonly counters: XdsCounters;
  /** Wall clock. */
  nowMs(): number;
  /** The open streams. */
  streams(): Iterable<Pick<StreamStatus, "bufferedBytes">>;
  readonly loads: Pick<Loads, "clusters">;
  nodes(): readonly NodeStatus[];
  served(): Revision | undefined;
  rollout(): RolloutState;
  isReady(): boolean;
  /** The state directory has what is served. */
  isStateKept(): boolean;
  /** Wall clock of the last load that was accepted; absent before the first. */
  lastGoodLoadMs(): number | undefined;
  readonly git?: () => GitReport;
  readonly workers?: (() => WorkersReport) | undefined;
}

/** The metrics of one control plane, in a registry of its own. */
export interface Metrics {
  readonly registry: Registry;
  readonly convergenceSeconds: Histogram;
  readonly pushSeconds: Histogram;
  /** Pushes to a stream that a newer revision overtook. */
  readonly mergedPushes: Counter;
  readonly reconcileSeconds: Histogram<"result">;
  /** By `reason`: unreadable, errors, removals. */
  readonly loadErrors: Counter<"reason">;
  readonly stateErrors: Counter;
}

/** Registers all metrics; docs/operating.md lists them. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  registerXds(registry, sources.counters);
  registerDelivery(registry, sources);
  registerLoads(registry, sources.loads);
  registerFleet(registry, sources);
  registerGroups(registry, sources.counters.groups, () => sources.nodes());
  if (sources.git) registerGit(registry, sources.git);
  if (sources.workers) registerWorkers(registry, sources.workers);
  return {
    registry,
    convergenceSeconds: new Histogram({
      name: "chancery_xds_convergence_seconds",
      help: "Time from the change of the source to the last ACK of it",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    pushSeconds: new Histogram({
      name: "chancery_xds_push_seconds",
      help: "Time to hand one revision to all open streams",
      buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    mergedPushes: new Counter({
      name: "chancery_xds_merged_pushes_total",
      help: "Pushes to a stream that were not made, for a newer revision came before its turn",
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: "chancery_reconcile_seconds",
      help: "Time to compile and check one state of the source",
      labelNames: ["result"],
      buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
      registers,
    }),
    loadErrors: new Counter({
      name: "chancery_load_errors_total",
      help: "States of the source that were not served, by reason",
      labelNames: ["reason"],
      registers,
    }),
    stateErrors: new Counter({
      name: "chancery_state_errors_total",
      help: "Failures to write or read the state directory",
      registers,
    }),
  };
}

/** What nodes report by LRS; counters that follow the sums. */
function registerLoads(registry: Registry, loads: MetricSources["loads"]): void {
  const requests = new Counter({
    name: "chancery_load_requests_total",
    help: "Requests to a cluster that nodes have reported, by result",
    labelNames: ["cluster", "result"],
    registers: [registry],
    collect: () => {
      requests.reset();
      for (const [cluster, { succeeded, failed, dropped }] of loads.clusters) {
        requests.inc({ cluster, result: "success" }, succeeded);
        requests.inc({ cluster, result: "error" }, failed);
        requests.inc({ cluster, result: "dropped" }, dropped);
      }
    },
  });
}

function registerXds(registry: Registry, counters: XdsCounters): void {
  const registers = [registry];
  const gauge = new Gauge({
    name: "chancery_xds_streams",
    help: "Open xDS streams",
    labelNames: ["type", "mode"],
    registers,
    collect: () => {
      for (const [key, count] of counters.streams) {
        const [type, mode] = splitKey(key);
        gauge.set({ type, mode }, count);
      }
    },
  });
  const responses = new Counter({
    name: "chancery_xds_responses_total",
    help: "Responses sent, and how clients answered them",
    labelNames: ["type", "result"],
    registers,
    collect: () => {
      responses.reset();
      for (const [type, counts] of counters.types) {
        responses.inc({ type, result: "sent" }, counts.sent);
        responses.inc({ type, result: "ack" }, counts.acked);
        responses.inc({ type, result: "nack" }, counts.nacked);
      }
    },
  });
  const requests = new Counter({
    name: "chancery_xds_requests_total",
    help: "Requests of clients, ACKs among them",
    labelNames: ["type"],
    registers,
    collect: () => {
      requests.reset();
      for (const [type, counts] of counters.types) requests.inc({ type }, counts.requests);
    },
  });
  const bytes = new Counter({
    name: "chancery_xds_sent_bytes_total",
    help: "Encoded size of the responses sent",
    labelNames: ["type"],
    registers,
    collect: () => {
      bytes.reset();
      for (const [type, counts] of counters.types) bytes.inc({ type }, counts.sentBytes);
    },
  });
  const stale = new Counter({
    name: "chancery_xds_stale_nonce_total",
    help: "Requests that answered a response that was not the latest",
    labelNames: ["type"],
    registers,
    collect: () => {
      stale.reset();
      for (const [type, counts] of counters.types) stale.inc({ type }, counts.staleNonces);
    },
  });
  const rejected = new Counter({
    name: "chancery_xds_rejected_streams_total",
    help: "Streams that were ended for what their client did, by reason",
    labelNames: ["reason"],
    registers,
    collect: () => {
      rejected.reset();
      for (const [reason, count] of counters.rejected) rejected.inc({ reason }, count);
    },
  });
  const refusals = new Counter({
    name: "chancery_xds_nack_total",
    help: "Responses refused, by node; nodes beyond the first hundred, or as many as --metrics-nodes says, count as other",
    labelNames: ["type", "node"],
    registers,
    collect: () => {
      refusals.reset();
      for (const [key, count] of counters.refusals) {
        const [type, node] = splitKey(key);
        refusals.inc({ type, node }, count);
      }
    },
  });
}

/** What is on its way. */
function registerDelivery(registry: Registry, sources: MetricSources): void {
  const { counters } = sources;
  const registers = [registry];
  const unanswered = new Gauge({
    name: "chancery_xds_unacked_responses",
    help: "Types of open streams whose last response was not answered yet",
    labelNames: ["type"],
    registers,
    collect: () => {
      unanswered.reset();
      for (const [type, { count }] of counters.unanswered) unanswered.set({ type }, count);
    },
  });
  const oldest = new Gauge({
    name: "chancery_xds_unacked_oldest_seconds",
    help: "How long ago the oldest of them was sent",
    labelNames: ["type"],
    registers,
    collect: () => {
      oldest.reset();
      for (const [type, { oldestSentAtMs }] of counters.unanswered)
        oldest.set({ type }, Math.max(0, sources.nowMs() - oldestSentAtMs) / 1000);
    },
  });
  const buffered: Gauge = new Gauge({
    name: "chancery_xds_send_buffer_bytes",
    help: "Encoded size of responses that were written and that clients have not taken yet",
    registers,
    collect: () => {
      let bytes = 0;
      for (const { bufferedBytes } of sources.streams()) bytes += bufferedBytes;
      buffered.set(bytes);
    },
  });
}

function registerFleet(registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  const nodes = new Gauge({
    name: "chancery_nodes",
    help: "Nodes that are connected, and that were until lately",
    labelNames: ["state"],
    registers,
    collect: () => {
      const all = sources.nodes();
      const away = all.filter((node) => node.awaySinceMs !== undefined).length;
      nodes.set({ state: "connected" }, all.length - away);
      nodes.set({ state: "away" }, away);
    },
  });
  const sync = new Gauge({
    name: "chancery_node_types",
    help: "Connected nodes by type and how they stand with it",
    labelNames: ["type", "state"],
    registers,
    collect: () => {
      sync.reset();
      for (const node of sources.nodes()) {
        if (node.awaySinceMs !== undefined) continue;
        for (const type of node.types) sync.inc({ type: typeLabel(type.typeUrl), state: type.state });
      }
    },
  });
  const refused = new Gauge({
    name: "chancery_xds_refused_resources",
    help: "Connected nodes whose last refusal names the resource; resources beyond the first hundred are left out",
    labelNames: ["type", "resource"],
    registers,
    collect: () => {
      refused.reset();
      for (const { type, name, nodes: count } of refusedResourcesOf(sources.nodes()))
        refused.set({ type, resource: name }, count);
    },
  });
  const resources = new Gauge({
    name: "chancery_resources",
    help: "Resources served",
    labelNames: ["group", "type"],
    registers,
    collect: () => {
      resources.reset();
      for (const group of sources.served()?.groups.values() ?? []) {
        for (const set of group.snapshot.types.values()) {
          resources.set({ group: group.name, type: typeLabel(set.typeUrl) }, set.resources.size);
        }
      }
    },
  });
  const revision = new Gauge({
    name: "chancery_revision_info",
    help: "The revision that is served",
    labelNames: ["revision"],
    registers,
    collect: () => {
      revision.reset();
      const served = sources.served();
      if (served) revision.set({ revision: served.id }, 1);
    },
  });
  const stage = new Gauge({
    name: "chancery_rollout_stage",
    help: "The stage that a group has come to in the rollout under way, from 1; none when there is none",
    labelNames: ["group", "revision", "state"],
    registers,
    collect: () => {
      stage.reset();
      const { run, serving } = sources.rollout();
      const revisionId = serving?.candidate?.revision.id;
      if (!run || revisionId === undefined) return;
      for (const [group, { stage: index, phase }] of run.groups) {
        const state = run.paused ? "paused" : phase.kind;
        stage.set({ group, revision: revisionId, state }, index + 1);
      }
    },
  });
  const ready: Gauge = new Gauge({
    name: "chancery_ready",
    help: "1 when a valid revision is served",
    registers,
    collect: () => ready.set(sources.isReady() ? 1 : 0),
  });
  const kept: Gauge = new Gauge({
    name: "chancery_state_kept",
    help: "0 while the state directory refuses what is served, so that a restart would lose it",
    registers,
    collect: () => kept.set(sources.isStateKept() ? 1 : 0),
  });
  const lastGood: Gauge = new Gauge({
    name: "chancery_last_good_load_timestamp_seconds",
    help: "When the last accepted load was read, in seconds since the epoch; 0 before the first",
    registers,
    collect: () => lastGood.set((sources.lastGoodLoadMs() ?? 0) / 1000),
  });
}

/** How many resources have their refusals shown by name. */
const mostRefusedResources = 100;

/** The resources that refusals of connected nodes name, and how many nodes each. */
function refusedResourcesOf(
  nodes: readonly NodeStatus[],
): readonly { readonly type: string; readonly name: string; readonly nodes: number }[] {
  const counts = new Map<string, { type: string; name: string; nodes: number }>();
  for (const { types, awaySinceMs } of nodes) {
    for (const { typeUrl, refusal } of awaySinceMs === undefined ? types : []) {
      for (const { name } of refusal?.resources ?? []) {
        const key = `${typeUrl} ${name}`;
        const known = counts.get(key);
        if (known) known.nodes += 1;
        else if (counts.size < mostRefusedResources)
          counts.set(key, { type: typeLabel(typeUrl), name, nodes: 1 });
      }
    }
  }
  return [...counts.values()];
}

/** The two labels of a key that `XdsCounters` made: the first has no space. */
function splitKey(key: string): readonly [string, string] {
  const gap = key.indexOf(" ");
  return [key.slice(0, gap), key.slice(gap + 1)];
}
