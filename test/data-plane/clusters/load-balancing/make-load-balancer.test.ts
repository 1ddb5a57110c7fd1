import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import { loadBalancer } from "../../../../data-plane/clusters/load-balancing/make-load-balancer.ts";
import type { HostCriteria } from "../../../../data-plane/network/upstream.ts";
import type { LbPolicy } from "../../../../data-plane/resources/load-balancing/load-balancing-config.ts";
import type { SubsetConfig } from "../../../../data-plane/resources/load-balancing/subset-config.ts";
import { StatsStore } from "../../../../data-plane/stats/stats-store.ts";
import { host, setsOf } from "../host-kit.ts";

/** `random`: numbers in [0, 1) in turn, zero after the last. */
function balancerOf(
  policy: LbPolicy,
  hosts: readonly ClusterHost[],
  random: readonly number[] = [],
  subsets?: SubsetConfig,
) {
  const numbers = [...random];
  const stats = new StatsStore();
  const subsetCounters = stats.counters("c", [
    "lb_subsets_created",
    "lb_subsets_fallback",
    "lb_subsets_fallback_panic",
    "lb_subsets_removed",
    "lb_subsets_selected",
  ]);
  const active = stats.gauges("c", ["lb_subsets_active"]).lb_subsets_active;
  const balancer = loadBalancer(
    { policy, panicPercent: 50, weighsLocalities: false, failsTrafficOnPanic: false, subsets },
    {
      random: () => numbers.shift() ?? 0,
      counters: stats.counters("c", ["lb_healthy_panic"]),
      subsets: { counters: subsetCounters, active },
      gauges: (prefix, names) => stats.gauges(`c.${prefix}`, names),
    },
  );
  balancer.update(setsOf(hosts));
  const pick = (criteria: HostCriteria = {}) => balancer.choose(criteria)?.hostname ?? "-";
  return {
    balancer,
    pick,
    picks: (count: number) => Array.from({ length: count }, () => pick()).join(""),
    stats,
  };
}

const busy = (name: string, rqActive: number, weight = 1) => {
  const made = host(name, { weight });
  made.stats.rqActive = rqActive;
  return made;
};

const isUnwanted = ({ hostname }: { readonly hostname: string }) => hostname === "a";

describe("LEAST_REQUEST", () => {
  const policy = { kind: "least-request", choiceCount: 2, activeRequestBias: 1, scansAll: false } as const;

  it("takes the less busy of the hosts that the lot gives, the first of equal ones", () => {
    const hosts = [busy("a", 2), busy("b", 1), busy("c", 0)];
    // The first number begins the turn.
    assert.equal(balancerOf(policy, hosts, [0, 0, 0.5, 0, 0, 0.9, 0.5]).picks(3), "bac");
    assert.equal(balancerOf({ ...policy, choiceCount: 1 }, hosts, [0, 0, 0.5]).picks(2), "ab");
  });

  it("finds the least of all, drawing lots among equal ones", () => {
    const hosts = [busy("a", 1), busy("b", 0), busy("c", 0)];
    const all = { ...policy, scansAll: true };
    assert.equal(balancerOf(all, hosts, [0, 0.4, 0.6]).picks(2), "cb");
  });

  it("divides different weights by the running requests, as far as the bias says", () => {
    const hosts = [busy("a", 0, 1), busy("b", 1, 4)];
    assert.equal(balancerOf(policy, hosts).picks(6), "babbab");
    assert.equal(balancerOf({ ...policy, activeRequestBias: 0 }, hosts).picks(10), "bbbabbbbab");
  });
});

describe("RANDOM", () => {
  it("draws lots without regard for weights", () => {
    const hosts = [host("a", { weight: 100 }), host("b")];
    assert.equal(balancerOf({ kind: "random" }, hosts, [0, 0.49, 0.5, 0.99]).picks(3), "abb");
  });
});

describe("policies that hash", () => {
  const policy = { kind: "maglev", tableSize: 31, usesHostname: true } as const;

  it("give one host for one hash, and any for none", () => {
    const { pick } = balancerOf(policy, [host("a"), host("b"), host("c")]);
    const hashes = [1n, 2n, 3n, 4n, 5n, 6n];
    assert.deepEqual(
      hashes.map((hash) => pick({ hash })),
      hashes.map((hash) => pick({ hash: hash + 31n * 100n })),
    );
    assert.notEqual(pick(), "-");
  });

  it("let the hash tell the priority as well", () => {
    const hosts = [host("a"), host("b", { edsHealth: "unhealthy" }), host("c", { priority: 1 })];
    const { pick } = balancerOf(policy, hosts);
    assert.deepEqual(
      [69n, 70n, 169n, 199n].map((hash) => pick({ hash })),
      ["a", "c", "a", "c"],
    );
  });

  it("use all hosts in panic, and count it", () => {
    const hosts = [host("a"), host("b", { edsHealth: "unhealthy" }), host("c", { edsHealth: "unhealthy" })];
    const { pick, stats } = balancerOf(policy, hosts);
    const found = new Set(Array.from({ length: 31 }, (_, hash) => pick({ hash: BigInt(hash) })));
    assert.equal(found.size, 3);
    assert.equal(stats.list().find(({ name }) => name === "c.lb_healthy_panic")?.value, 31);
  });
});

describe("hosts that are not wanted", () => {
  it("are passed over as often as the criteria allow", () => {
    const { pick } = balancerOf({ kind: "round-robin" }, [host("a"), host("b")]);
    assert.equal(pick({ isUnwanted, maxChoices: 3 }), "b");
    assert.equal(pick({ isUnwanted }), "a");
  });

  it("are taken when there is no other", () => {
    const { pick } = balancerOf({ kind: "round-robin" }, [host("a")]);
    assert.equal(pick({ isUnwanted, maxChoices: 5 }), "a");
  });
});
