import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterHost } from "../../../data-plane/clusters/cluster-host.ts";
import { HostFlags } from "../../../data-plane/clusters/host-health.ts";
import { hostSets } from "../../../data-plane/clusters/host-set.ts";
import { noEndpoints } from "../../../data-plane/resources/cluster-load-assignment.ts";
import { host, setsOf } from "./host-kit.ts";

const locality = (region: string, zone: string) => ({ region, zone, subZone: "" });

const names = (hosts: readonly ClusterHost[]) => hosts.map(({ hostname }) => hostname).join("");

describe("HostFlags", () => {
  const rows = [
    [[], "healthy", "healthy", false],
    [["failed_eds_health"], "/failed_eds_health", "unhealthy", false],
    [["degraded_eds_health"], "/degraded_eds_health", "degraded", false],
    [
      ["failed_outlier_check", "degraded_active_hc"],
      "/failed_outlier_check/degraded_active_hc",
      "unhealthy",
      false,
    ],
    [["eds_status_draining"], "/eds_status_draining", "unhealthy", true],
    [["active_hc_timeout", "failed_active_hc"], "/failed_active_hc/active_hc_timeout", "unhealthy", false],
    [["excluded_via_immediate_hc_fail"], "/excluded_via_immediate_hc_fail", "healthy", true],
  ] as const;
  for (const [raised, text, health, isExcluded] of rows) {
    it(`${raised.join(", ") || "no flag"}: ${text}, ${health}${isExcluded ? ", excluded" : ""}`, () => {
      const flags = new HostFlags();
      for (const flag of raised) assert.equal(flags.set(flag, true), true);
      assert.deepEqual([flags.text, flags.health, flags.isExcluded], [text, health, isExcluded]);
    });
  }

  it("keep what others found when EDS says something new", () => {
    const flags = new HostFlags();
    flags.setEds("unhealthy");
    flags.set("failed_active_hc", true);
    flags.setEds("degraded");
    assert.equal(flags.text, "/failed_active_hc/degraded_eds_health");
    assert.equal(flags.set("failed_active_hc", true), false);
  });
});

describe("hostSets()", () => {
  it("has a set for each priority up to the last, without gaps, and always the first", () => {
    assert.deepEqual(
      setsOf([host("a", { priority: 2 }), host("b")]).map(({ hosts }) => names(hosts)),
      ["b", "", "a"],
    );
    assert.equal(setsOf([]).length, 1);
  });

  it("tells healthy from degraded, and who is left out of the count", () => {
    const [set] = setsOf([
      host("a"),
      host("b", { edsHealth: "degraded" }),
      host("c", { edsHealth: "unhealthy" }),
      host("d", { edsHealth: "draining" }),
    ]);
    assert.deepEqual([set!.hosts, set!.healthy, set!.degraded, set!.excluded].map(names), [
      "abcd",
      "a",
      "b",
      "d",
    ]);
  });

  it("groups a priority by locality, in order of region, zone and sub-zone, the last of several weights holding", () => {
    const hosts = [
      host("a", { locality: locality("r", "2") }),
      host("b", { locality: locality("r", "1"), edsHealth: "unhealthy" }),
      host("c", { locality: locality("r", "2") }),
      host("d", { locality: locality("r", "2"), priority: 1 }),
    ];
    const weight = (zone: string, size: number, priority = 0) => ({
      priority,
      locality: locality("r", zone),
      weight: size,
    });
    const localityWeights = [weight("2", 1), weight("2", 7), weight("1", 9, 1)];
    const sets = hostSets(hosts, { ...noEndpoints("c"), localityWeights });
    assert.deepEqual(
      sets.map((set) =>
        set.localities.map((group) => [names(group.hosts), names(group.healthy), group.weight]),
      ),
      [
        [
          ["b", "", 0],
          ["ac", "ac", 7],
        ],
        [["d", "d", 0]],
      ],
    );
  });
});
