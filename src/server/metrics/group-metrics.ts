import { Counter, Gauge, type Registry } from "prom-client";
import type { NodeStatus, SyncState } from "../../fleet/node-status.ts";
import type { GroupCounters } from "./group-counters.ts";

/** What a node as a whole is: the first of these that one of its types is. */
const worstFirst: readonly SyncState[] = ["NACKED", "STALE", "NOT_SENT", "SYNCED"];

/** Registers what is told by group. Nodes of no group stand under an empty name. */
export function registerGroups(
  registry: Registry,
  counters: GroupCounters,
  nodes: () => readonly NodeStatus[],
): void {
  const registers = [registry];
  const streams = new Gauge({
    name: "chancery_group_streams",
    help: "Open xDS streams, by the group of the node",
    labelNames: ["group"],
    registers,
    collect: () => {
      for (const [group, counts] of counters.groups) streams.set({ group }, counts.streams);
    },
  });
  const responses = new Counter({
    name: "chancery_group_responses_total",
    help: "Responses sent to the nodes of a group, and how they answered them",
    labelNames: ["group", "result"],
    registers,
    collect: () => {
      responses.reset();
      for (const [group, { sent, acked, nacked }] of counters.groups) {
        responses.inc({ group, result: "sent" }, sent);
        responses.inc({ group, result: "ack" }, acked);
        responses.inc({ group, result: "nack" }, nacked);
      }
    },
  });
  const states = new Gauge({
    name: "chancery_group_nodes",
    help: "Connected nodes of a group, by the worst that one of their types is",
    labelNames: ["group", "state"],
    registers,
    collect: () => {
      states.reset();
      for (const { group = "", awaySinceMs, types } of nodes()) {
        if (awaySinceMs !== undefined) continue;
        const state = worstFirst.find((it) => types.some((type) => type.state === it)) ?? "SYNCED";
        states.inc({ group: counters.labelOf(group), state });
      }
    },
  });
}
