import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fleet } from "../../../src/fleet/fleet.ts";
import { Loads } from "../../../src/fleet/loads.ts";
import { noRollout } from "../../../src/rollout/state.ts";
import { createMetrics } from "../../../src/server/metrics/metrics.ts";
import { GroupCounters } from "../../../src/server/metrics/group-counters.ts";
import { XdsCounters } from "../../../src/server/metrics/xds-counters.ts";
import type { XdsEvent } from "../../../src/xds/events.ts";
import { ack, CDS, close, connect, envoy, LDS, nack, send, subscribe } from "../../fleet/transcript.ts";

async function scrape(
  events: ReturnType<typeof connect>,
  resources: readonly string[] = [],
): Promise<string[]> {
  const counters = new XdsCounters();
  const fleet = new Fleet({ resourcesOf: () => new Map(resources.map((name) => [name, {}])) });
  for (const event of events) {
    counters.apply(event);
    fleet.apply(event);
  }
  const metrics = createMetrics({
    counters,
    nowMs: () => 2500,
    streams: () => [{ bufferedBytes: 30 }, { bufferedBytes: 12 }],
    loads: new Loads(),
    nodes: () => fleet.nodes(2000),
    served: () => undefined,
    rollout: () => noRollout,
    isReady: () => false,
    isStateKept: () => true,
    lastGoodLoadMs: () => undefined,
  });
  // Whoever scrapes first must not change what the next one reads.
  await metrics.registry.metrics();
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith("chancery_"));
}

/** The node of a stream is put into another group, or none. */
function moved(streamId: number, group?: string): XdsEvent {
  return { kind: "groupAssigned", streamId, atMs: 1000, ...(group !== undefined && { group }) };
}

describe("the metrics", () => {
  it("count streams, responses and refusals by type (XDS-142)", async () => {
    const lines = await scrape([
      ...connect(1, envoy("e 1")),
      subscribe(1, CDS),
      send(1, CDS, "n1", "v1"),
      ack(1, CDS, "n1", "v1"),
      send(1, LDS, "n2", "v1"),
      nack(1, LDS, "n2", "v1", "no"),
      ...connect(2, envoy("e2")),
      close(2, 1500),
    ]);
    for (const line of [
      'chancery_xds_streams{type="ads",mode="sotw"} 1',
      'chancery_xds_responses_total{type="Cluster",result="sent"} 1',
      'chancery_xds_responses_total{type="Cluster",result="ack"} 1',
      'chancery_xds_responses_total{type="Listener",result="nack"} 1',
      'chancery_xds_sent_bytes_total{type="Cluster"} 10',
      'chancery_xds_nack_total{type="Listener",node="e 1"} 1',
      'chancery_nodes{state="connected"} 1',
      'chancery_nodes{state="away"} 1',
      'chancery_node_types{type="Cluster",state="SYNCED"} 1',
      'chancery_node_types{type="Listener",state="NACKED"} 1',
      "chancery_ready 0",
      "chancery_last_good_load_timestamp_seconds 0",
    ]) {
      assert.ok(lines.includes(line), `${line} is missing in\n${lines.join("\n")}`);
    }
  });

  it("tell by group what is sent and answered, and how its nodes are (XDS-142)", async () => {
    const lines = await scrape([
      ...connect(1, envoy("e1")),
      moved(1, "blue"),
      send(1, CDS, "n1", "v1"),
      ack(1, CDS, "n1", "v1"),
      ...connect(2, envoy("e2")),
      moved(2, "blue"),
      send(2, CDS, "n1", "v1"),
      nack(2, CDS, "n1", "v1", "no"),
      moved(2, "green"),
      send(2, CDS, "n2", "v2"),
      ...connect(3, envoy("e3")),
      moved(3),
      ...connect(4, envoy("e4")),
      moved(4, "green"),
      close(4, 1500),
    ]);
    assert.deepEqual(
      lines.filter((line) => line.startsWith("chancery_group_")),
      [
        'chancery_group_streams{group="edge"} 0',
        'chancery_group_streams{group="blue"} 1',
        'chancery_group_streams{group="green"} 1',
        'chancery_group_streams{group=""} 1',
        'chancery_group_responses_total{group="edge",result="sent"} 0',
        'chancery_group_responses_total{group="edge",result="ack"} 0',
        'chancery_group_responses_total{group="edge",result="nack"} 0',
        'chancery_group_responses_total{group="blue",result="sent"} 2',
        'chancery_group_responses_total{group="blue",result="ack"} 1',
        'chancery_group_responses_total{group="blue",result="nack"} 1',
        'chancery_group_responses_total{group="green",result="sent"} 1',
        'chancery_group_responses_total{group="green",result="ack"} 0',
        'chancery_group_responses_total{group="green",result="nack"} 0',
        'chancery_group_responses_total{group="",result="sent"} 0',
        'chancery_group_responses_total{group="",result="ack"} 0',
        'chancery_group_responses_total{group="",result="nack"} 0',
        'chancery_group_nodes{group="blue",state="SYNCED"} 1',
        'chancery_group_nodes{group="green",state="NACKED"} 1',
        'chancery_group_nodes{group="",state="SYNCED"} 1',
      ],
    );
  });

  it("name a hundred groups, and count the others together", () => {
    const counters = new GroupCounters();
    for (let streamId = 0; streamId < 102; streamId += 1)
      counters.apply({ kind: "groupAssigned", streamId, atMs: 0, group: `g${streamId}` });
    assert.equal(counters.groups.size, 101);
    assert.equal(counters.groups.get("other")?.streams, 2);
    assert.deepEqual([counters.labelOf("g7"), counters.labelOf("g101")], ["g7", "other"]);
  });

  it("name the resources that nodes refuse now (XDS-58)", async () => {
    const refusals = ["e1", "e2"].flatMap((id, index) => [
      ...connect(index, envoy(id)),
      send(index, LDS, "n1", "v1"),
      nack(index, LDS, "n1", "v1", "Error adding/updating listener(s) web: no"),
    ]);
    const gone = [...connect(3, envoy("e3")), nack(3, LDS, "n1", "v1", "web: no"), close(3, 1500)];
    const lines = await scrape([...refusals, ...gone], ["web"]);
    const own = lines.filter((line) => line.startsWith("chancery_xds_refused_resources{"));
    assert.deepEqual(own, ['chancery_xds_refused_resources{type="Listener",resource="web"} 2']);
  });

  it("count what is on its way: what was not answered, since when, and what is buffered (XDS-142)", async () => {
    const lines = await scrape([
      ...connect(1, envoy("e1")),
      send(1, CDS, "n1", "v1", 1000),
      ...connect(2, envoy("e2")),
      send(2, CDS, "n1", "v1", 1500),
      send(2, LDS, "n2", "v1"),
      nack(2, LDS, "n2", "v1", "no"),
      ...connect(3, envoy("e3")),
      send(3, CDS, "n1", "v1", 500),
      close(3, 1600),
    ]);
    for (const line of [
      'chancery_xds_unacked_responses{type="Cluster"} 2',
      'chancery_xds_unacked_oldest_seconds{type="Cluster"} 1.5',
      "chancery_xds_send_buffer_bytes 42",
    ])
      assert.ok(lines.includes(line), `${line} is missing in\n${lines.join("\n")}`);
    assert.ok(!lines.some((line) => line.startsWith('chancery_xds_unacked_responses{type="Listener"')));
  });

  it("name as many nodes as they may, and count the others together", () => {
    const counters = new XdsCounters(1);
    for (const [stream, id] of ["e1", "e2", "e1"].entries()) {
      for (const event of [...connect(stream, envoy(id)), nack(stream, CDS, "n", "v", "no")])
        counters.apply(event);
    }
    assert.deepEqual(
      [...counters.refusals],
      [
        ["Cluster e1", 2],
        ["Cluster other", 1],
      ],
    );
  });

  it("have a bounded number of labels, whatever clients call themselves", () => {
    const counters = new XdsCounters();
    for (let i = 0; i < 1000; i += 1) {
      for (const event of connect(i, envoy(`e${i}`))) counters.apply(event);
      counters.apply(nack(i, CDS, "n", "v", "no"));
      const remark = { kind: "staleNonce", typeUrl: `type.googleapis.com/x.T${i}`, nonce: "n" } as const;
      counters.apply({ kind: "remarked", streamId: i, atMs: 1, remark });
    }
    assert.equal(counters.refusals.size, 101);
    assert.equal(counters.refusals.get("Cluster other"), 900);
    assert.ok(counters.types.size <= 65);
  });
});
