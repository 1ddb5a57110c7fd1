import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";

describe("StatsStore", () => {
  it("gives the same counter to all who ask for a name (PP-123)", () => {
    const store = new StatsStore();
    store.counters("proxy_proto", ["a", "b"]).a += 1;
    const again = store.counters("proxy_proto", ["a", "c"]);
    again.a += 1;
    assert.deepEqual(
      store.list().map((stat) => [stat.name, stat.value]),
      [
        ["proxy_proto.a", 2],
        ["proxy_proto.b", 0],
        ["proxy_proto.c", 0],
      ],
    );
  });

  it("has counters at the root, and sorts by name over all kinds", () => {
    const store = new StatsStore();
    store.setText("b.text", "v1");
    store.gauges("c", ["active"]).active.add(2);
    store.counters("", ["a"]).a += 1;
    assert.deepEqual(
      store.list().map((stat) => `${stat.kind} ${stat.name} ${stat.value}`),
      ["counter a 1", "text b.text v1", "gauge c.active 2"],
    );
  });

  it("tells a gauge that went back to zero from one that was never written", () => {
    const store = new StatsStore();
    const gauges = store.gauges("c", ["one", "two"]);
    gauges.one.add(1);
    gauges.one.add(-1);
    assert.deepEqual(
      store.list().map((stat) => stat.isUsed),
      [true, false],
    );
  });

  it("forgets a prefix and what is under it, but not its namesakes", () => {
    const store = new StatsStore();
    store.counters("cluster.a", ["x"]);
    store.counters("cluster.a.upstream", ["y"]);
    store.counters("cluster.ab", ["x"]);
    store.remove("cluster.a");
    assert.deepEqual(
      store.list().map((stat) => stat.name),
      ["cluster.ab.x"],
    );
  });
});
