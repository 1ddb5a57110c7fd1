import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BreakerLimit, circuitBreakers } from "../../../data-plane/clusters/circuit-breakers.ts";
import { clusterStats } from "../../../data-plane/clusters/cluster-stats.ts";
import { parseCluster } from "../../../data-plane/resources/cluster.ts";
import { Gauge, StatsStore } from "../../../data-plane/stats/stats-store.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";
import { stat } from "../run-kit.ts";

describe("BreakerLimit", () => {
  it("is full at its limit, and its gauges tell", () => {
    const open = new Gauge();
    const remaining = new Gauge();
    const limit = new BreakerLimit(2, open, remaining);
    assert.equal(remaining.value, 2);
    limit.take();
    assert.deepEqual([limit.isFull, open.value, remaining.value], [false, 0, 1]);
    limit.take();
    assert.deepEqual([limit.isFull, open.value, remaining.value], [true, 1, 0]);
    limit.take();
    limit.give();
    assert.deepEqual([limit.isFull, open.value, remaining.value], [true, 1, 0]);
    limit.give();
    assert.deepEqual([limit.isFull, open.value, remaining.value], [false, 0, 1]);
  });

  it("of 0 is full from the start, and says so from the first use on, as Envoy's", () => {
    const open = new Gauge();
    const limit = new BreakerLimit(0, open, undefined);
    assert.deepEqual([limit.isFull, open.value], [true, 0]);
    limit.take();
    assert.equal(open.value, 1);
  });
});

function made(thresholds: string) {
  const store = new StatsStore();
  const yaml = `{name: c, circuit_breakers: {thresholds: [${thresholds}]}}`;
  const limits = valueOf(
    parseCluster(message("envoy.config.cluster.v3.Cluster", yaml), parseContext(), ""),
  ).circuitBreakers;
  return { breakers: circuitBreakers(limits, clusterStats(store, "cluster.c"), store, "cluster.c"), store };
}

describe("circuitBreakers()", () => {
  it("has limits for each priority", () => {
    const { breakers, store } = made("{priority: HIGH, max_connections: 1}");
    breakers.high.connections.take();
    breakers.default.connections.take();
    assert.deepEqual([breakers.high.connections.isFull, breakers.default.connections.isFull], [true, false]);
    assert.equal(stat(store, "cluster.c.circuit_breakers.high.cx_open"), 1);
    assert.equal(stat(store, "cluster.c.circuit_breakers.default.cx_open"), 0);
  });

  it("tells what is left where it is tracked", () => {
    const { breakers, store } = made("{max_requests: 5, track_remaining: true}");
    breakers.default.requests.take();
    assert.ok(breakers.default.retries.take());
    const left = (name: string) => stat(store, `cluster.c.circuit_breakers.default.remaining_${name}`);
    assert.deepEqual([left("rq"), left("retries"), left("cx")], [4, 2, 1024]);
    assert.equal(stat(store, "cluster.c.circuit_breakers.high.remaining_rq"), undefined);
  });
});
