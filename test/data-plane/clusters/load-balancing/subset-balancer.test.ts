import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import { hostSets } from "../../../../data-plane/clusters/host-set.ts";
import { PriorityBalancer } from "../../../../data-plane/clusters/load-balancing/priority-balancer.ts";
import { roundRobin } from "../../../../data-plane/clusters/load-balancing/round-robin.ts";
import { SubsetBalancer } from "../../../../data-plane/clusters/load-balancing/subset-balancer.ts";
import type { MetadataValue } from "../../../../data-plane/network/connection-info.ts";
import { MetadataMatch } from "../../../../data-plane/network/metadata-match.ts";
import { noEndpoints } from "../../../../data-plane/resources/cluster-load-assignment.ts";
import type { SubsetConfig } from "../../../../data-plane/resources/load-balancing/subset-config.ts";
import { StatsStore } from "../../../../data-plane/stats/stats-store.ts";
import { host } from "../host-kit.ts";

type Fields = Readonly<Record<string, MetadataValue>>;

const labelled = (name: string, fields: Fields, settings: Parameters<typeof host>[1] = {}) =>
  host(name, { metadata: { filter: new Map([["envoy.lb", fields]]), typed: new Map() }, ...settings });

const at = (name: string, index: string, stage: string) =>
  labelled(name, { stage }, { locality: zone(index) });
const zone = (name: string) => ({ region: "", zone: name, subZone: "" });

function sceneOf(
  hosts: readonly ClusterHost[],
  settings: Partial<SubsetConfig>,
  weights: readonly number[] = [],
) {
  const stats = new StatsStore();
  const counters = stats.counters("c", [
    "lb_subsets_created",
    "lb_subsets_fallback",
    "lb_subsets_fallback_panic",
    "lb_subsets_removed",
    "lb_subsets_selected",
  ]);
  const active = stats.gauges("c", ["lb_subsets_active"]).lb_subsets_active;
  const subsets = new SubsetBalancer({
    config: {
      fallback: "none",
      defaultSubset: {},
      selectors: [{ keys: ["stage"], fallback: undefined }],
      weighsLocalities: false,
      scalesLocalityWeight: false,
      usesAnyInPanic: false,
      takesListAsAny: false,
      allowsRedundantKeys: false,
      ...settings,
    },
    balancer: () =>
      new PriorityBalancer({
        config: { panicPercent: 0, weighsLocalities: true, failsTrafficOnPanic: false, subsets: undefined },
        pickerOf: roundRobin,
        random: () => 0,
        counters: { lb_healthy_panic: 0 },
      }),
    counters,
    active,
  });
  const localityWeights = weights.map((weight, index) => ({
    priority: 0,
    locality: zone(String(index)),
    weight,
  }));
  const update = (next: readonly ClusterHost[]) =>
    subsets.update(hostSets(next, { ...noEndpoints("c"), localityWeights }));
  update(hosts);
  const picks = (asked: Fields | undefined, count = 2) => {
    const metadataMatch = asked && new MetadataMatch(asked);
    return Array.from({ length: count }, () => subsets.choose({ metadataMatch })?.hostname ?? "-").join("");
  };
  return { picks, update, counters, active };
}

const stages = [
  labelled("a", { stage: "prod", version: 1 }),
  labelled("b", { stage: "prod", version: 2 }),
  labelled("c", { stage: "dev", version: 1 }),
  host("d"),
];

describe("SubsetBalancer", () => {
  it("serves with the hosts of exactly what is asked for", () => {
    const scene = sceneOf(stages, {});
    assert.equal(scene.picks({ stage: "prod" }, 3), "aba");
    assert.equal(scene.picks({ stage: "dev" }), "cc");
    assert.equal(scene.counters.lb_subsets_selected, 5);
    assert.equal(scene.active.value, 2);
  });

  it("has nobody for anything else without a fallback", () => {
    const scene = sceneOf(stages, {});
    assert.equal(scene.picks({ stage: "test" }), "--");
    assert.equal(scene.picks({ version: 1 }), "--");
    assert.equal(scene.picks({ stage: "prod", version: 1 }), "--");
    assert.equal(scene.picks(undefined), "--");
  });

  it("tells values by their kind, and objects whatever the order of their keys", () => {
    const scene = sceneOf([labelled("a", { stage: "1" }), labelled("b", { stage: { x: 1, y: [true] } })], {});
    assert.equal(scene.picks({ stage: 1 }), "--");
    assert.equal(scene.picks({ stage: { y: [true], x: 1 } }), "bb");
  });

  it("falls back to any endpoint, or to a default subset", () => {
    const any = sceneOf(stages, { fallback: "any" });
    assert.equal(any.picks({ stage: "test" }, 4), "abcd");
    assert.equal(any.counters.lb_subsets_fallback, 4);
    const byDefault = sceneOf(stages, { fallback: "default", defaultSubset: { version: 1 } });
    assert.equal(byDefault.picks(undefined, 3), "aca");
  });

  it("takes any host in panic, when the default subset has none", () => {
    const scene = sceneOf(stages, {
      fallback: "default",
      defaultSubset: { version: 9 },
      usesAnyInPanic: true,
    });
    assert.equal(scene.picks({ stage: "test" }, 3), "abc");
    assert.deepEqual([scene.counters.lb_subsets_fallback, scene.counters.lb_subsets_fallback_panic], [0, 3]);
  });

  it("has nobody in a subset whose hosts are all down: no fallback is taken then", () => {
    const down = labelled("a", { stage: "prod" }, { edsHealth: "unhealthy" });
    assert.equal(sceneOf([down, host("b")], { fallback: "any" }).picks({ stage: "prod" }), "--");
  });

  it("lets a selector have a fallback of its own", () => {
    const selectors = [
      { keys: ["stage", "version"], fallback: { keys: ["stage"] } },
      { keys: ["version"], fallback: "any" as const },
      // Envoy's quirk: an earlier selector begins with these keys, and so the fallback is not seen.
      { keys: ["stage"], fallback: "any" as const },
    ];
    const scene = sceneOf(stages, { selectors });
    assert.equal(scene.picks({ stage: "prod", version: 9 }), "ab");
    assert.equal(scene.picks({ version: 9 }, 4), "abcd");
    assert.equal(scene.picks({ stage: "test" }), "--");
  });

  it("passes over redundant keys where allowed, by the first selector that fits", () => {
    const asked = { stage: "dev", colour: "red" };
    assert.equal(sceneOf(stages, {}).picks(asked), "--");
    assert.equal(sceneOf(stages, { allowsRedundantKeys: true }).picks(asked), "cc");
  });

  it("puts a host into the subset of each value of a list where asked", () => {
    const listed = [labelled("a", { stage: ["prod", "dev"] }), labelled("b", { stage: "dev" })];
    const scene = sceneOf(listed, {
      takesListAsAny: true,
      fallback: "default",
      defaultSubset: { stage: "prod" },
    });
    assert.equal(scene.picks({ stage: "prod" }), "aa");
    assert.equal(scene.picks({ stage: "dev" }), "ab");
    assert.equal(scene.picks(undefined), "aa");
    assert.equal(sceneOf(listed, {}).picks({ stage: "prod" }), "--");
  });

  it("counts subsets that come and go", () => {
    const scene = sceneOf(stages, {});
    scene.update([stages[0]!, labelled("e", { stage: "test" })]);
    const { lb_subsets_created: created, lb_subsets_removed: removed } = scene.counters;
    assert.deepEqual([created, removed, scene.active.value], [3, 1, 2]);
    assert.equal(scene.picks({ stage: "dev" }), "--");
  });

  it("keeps the weights of localities, scales them, or passes over them", () => {
    // Two thirds of the first locality are in the subset, all of the second.
    const hosts = [at("a", "0", "x"), at("b", "0", "x"), at("c", "0", "y"), at("d", "1", "x")];
    const share = (settings: Partial<SubsetConfig>) =>
      sceneOf(hosts, settings, [6, 2]).picks({ stage: "x" }, 12).replaceAll(/[ab]/g, "").length;
    assert.equal(share({}), 4);
    assert.equal(share({ weighsLocalities: true }), 3);
    assert.equal(share({ weighsLocalities: true, scalesLocalityWeight: true }), 4);
  });
});
