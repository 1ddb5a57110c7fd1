import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";
import { mergedClusters, mergedStats } from "../../../data-plane/workers/merged-stats.ts";
import { stat } from "../run-kit.ts";

/** The statistics of a worker that has served so many connections. */
function worker(connections: number, index: number) {
  const store = new StatsStore();
  const listener = store.counters("listener.l", ["downstream_cx_total"]);
  listener.downstream_cx_total = connections;
  store.counters(`listener.l.worker_${index}`, ["downstream_cx_total"]).downstream_cx_total = connections;
  store.counters("listener_manager", ["listener_added"]).listener_added = 2;
  store.counters("cluster.c", ["update_success"]).update_success = 3;
  store.gauges("cluster.c", ["upstream_cx_active"]).upstream_cx_active.set(connections);
  store.gauges("cluster.c", ["membership_total"]).membership_total.set(4);
  store.gauges("server", ["concurrency"]).concurrency.set(2);
  store.setText("cluster_manager.cds.version_text", "v1");
  store.histograms("http.web", ["downstream_rq_time"]).downstream_rq_time.record(connections);
  return store.snapshot();
}

describe("mergedStats()", () => {
  const merged = mergedStats([worker(5, 0), worker(7, 1)]);
  const rows = [
    ["adds up what clients do", "listener.l.downstream_cx_total", 12],
    ["keeps what each worker did", "listener.l.worker_1.downstream_cx_total", 7],
    ["adds up what is under way", "cluster.c.upstream_cx_active", 12],
    ["does not add up what all workers have", "cluster.c.membership_total", 4],
    ["does not add up what happens once", "listener_manager.listener_added", 2],
    ["does not add up updates of the configuration", "cluster.c.update_success", 3],
    ["takes texts as they are", "cluster_manager.cds.version_text", "v1"],
    ["knows the number of workers", "server.concurrency", 2],
  ] as const;
  for (const [story, name, value] of rows) it(story, () => assert.equal(stat(merged, name), value));

  it("puts histograms together", () => {
    const [time] = merged.listHistograms();
    const values = time?.histogram.cumulative().map(({ left, count }) => [left, count]);
    assert.deepEqual(
      [time?.name, values],
      [
        "http.web.downstream_rq_time",
        [
          [5, 1],
          [7, 1],
        ],
      ],
    );
  });

  it("leaves a gauge unused that no worker used", () => {
    const store = new StatsStore();
    store.gauges("cluster.c", ["version"]);
    assert.equal(mergedStats([store.snapshot()]).list()[0]?.isUsed, false);
  });
});

/** `/clusters` of a worker that has had so many connections to the one host. */
function text(total: number): string {
  return `c::1.2.3.4:80::cx_total::${total}\nc::1.2.3.4:80::weight::1\n`;
}

describe("mergedClusters()", () => {
  it("adds up the counts of each host, and takes the rest from the first", () => {
    assert.equal(mergedClusters([text(2), text(3)]), text(5));
  });
});
