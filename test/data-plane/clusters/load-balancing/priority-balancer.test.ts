import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import { hostSets } from "../../../../data-plane/clusters/host-set.ts";
import { PriorityBalancer } from "../../../../data-plane/clusters/load-balancing/priority-balancer.ts";
import { roundRobin } from "../../../../data-plane/clusters/load-balancing/round-robin.ts";
import type { LocalityWeight } from "../../../../data-plane/resources/cluster-load-assignment.ts";
import { noEndpoints } from "../../../../data-plane/resources/cluster-load-assignment.ts";
import type { LoadBalancingConfig } from "../../../../data-plane/resources/load-balancing/load-balancing-config.ts";
import { host } from "../host-kit.ts";

interface Scene {
  readonly config?: Partial<LoadBalancingConfig>;
  readonly localityWeights?: readonly LocalityWeight[];
  /** Numbers in [0, 1), in turn; zero after the last. */
  readonly random?: readonly number[];
}

function sceneOf(hosts: readonly ClusterHost[], { config, localityWeights = [], random = [] }: Scene = {}) {
  const numbers = [...random];
  const counters = { lb_healthy_panic: 0 };
  const balancer = new PriorityBalancer({
    config: {
      panicPercent: 50,
      weighsLocalities: false,
      failsTrafficOnPanic: false,
      subsets: undefined,
      ...config,
    },
    pickerOf: roundRobin,
    random: () => numbers.shift() ?? 0,
    counters,
  });
  balancer.update(hostSets(hosts, { ...noEndpoints("c"), localityWeights }));
  const picks = (count: number) =>
    Array.from({ length: count }, () => balancer.choose({})?.hostname ?? "-").join("");
  return { balancer, counters, picks };
}

const zone = (name: string) => ({ region: "r", zone: name, subZone: "" });
const unhealthy = { edsHealth: "unhealthy" } as const;

describe("PriorityBalancer", () => {
  it("passes over unhealthy hosts", () => {
    assert.equal(sceneOf([host("a"), host("b", unhealthy), host("c")]).picks(4), "acac");
  });

  it("uses all hosts when fewer than half are healthy, and counts it", () => {
    const scene = sceneOf([host("a"), host("b", unhealthy), host("c", unhealthy)]);
    assert.equal(scene.picks(3), "abc");
    assert.equal(scene.counters.lb_healthy_panic, 3);
  });

  it("has nobody in panic where fail_traffic_on_panic says so", () => {
    const scene = sceneOf([host("a"), host("b", unhealthy), host("c", unhealthy)], {
      config: { failsTrafficOnPanic: true },
    });
    assert.equal(scene.picks(2), "--");
    assert.equal(scene.counters.lb_healthy_panic, 2);
  });

  it("has nobody in an empty cluster, nor among unhealthy hosts without panic", () => {
    assert.equal(sceneOf([]).picks(1), "-");
    assert.equal(sceneOf([host("a", unhealthy)], { config: { panicPercent: 0 } }).picks(1), "-");
  });

  it("spills over to the next priority in percent of the requests", () => {
    const hosts = [host("a"), host("b", unhealthy), host("x", { priority: 1 })];
    assert.equal(sceneOf(hosts, { random: [0.69, 0.7, 0, 0.69] }).picks(4), "axaa");
  });

  it("shares load among localities by weight, less where hosts are down", () => {
    const hosts = [host("a", { locality: zone("1") }), host("b", { locality: zone("2") })];
    const localityWeights = [
      { priority: 0, locality: zone("1"), weight: 2 },
      { priority: 0, locality: zone("2"), weight: 1 },
    ];
    const config = { weighsLocalities: true };
    assert.equal(sceneOf(hosts, { config, localityWeights }).picks(6), "abaaba");
    // Without the setting weights of localities mean nothing.
    assert.equal(sceneOf(hosts, { localityWeights }).picks(4), "abab");
    // A locality without a weight gets nothing.
    assert.equal(sceneOf(hosts, { config, localityWeights: localityWeights.slice(1) }).picks(3), "bbb");
    // Half of zone 1 is down: 2 × 1.4 / 2 = 1.4 against 1.
    const ailing = [...hosts, host("c", { locality: zone("1"), ...unhealthy })];
    const picks = sceneOf(ailing, { config, localityWeights }).picks(24);
    assert.equal(picks.replaceAll("b", "").length, 14);
  });
});
