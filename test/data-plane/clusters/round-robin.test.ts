import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import type { ClusterHost } from "../../../data-plane/clusters/cluster-host.ts";
import { roundRobin } from "../../../data-plane/clusters/round-robin.ts";

function host(name: string, weight = 1, isHealthy = true): ClusterHost {
  return {
    key: name,
    address: socketAddress("192.0.2.1", 1)!,
    hostname: name,
    metadata: { filter: new Map(), typed: new Map() },
    weight,
    isHealthy,
    healthStatus: isHealthy ? "HEALTHY" : "UNHEALTHY",
    locality: { region: "", zone: "", subZone: "" },
    stats: { cxActive: 0, cxTotal: 0, cxConnectFail: 0, rqTotal: 0 },
  };
}

const turns = (hosts: readonly ClusterHost[], count: number) => {
  const next = roundRobin(hosts);
  return Array.from({ length: count }, () => next()?.hostname).join("");
};

describe("roundRobin()", () => {
  it("takes hosts in turn", () => assert.equal(turns([host("a"), host("b"), host("c")], 7), "abcabca"));

  it("has nobody to choose without hosts", () => assert.equal(roundRobin([])(), undefined));

  it("spreads weights evenly", () => assert.equal(turns([host("a", 3), host("b", 1)], 8), "aabaaaba"));

  it("passes over unhealthy hosts", () => {
    assert.equal(turns([host("a"), host("b", 1, false), host("c")], 4), "acac");
  });

  it("uses all hosts when fewer than half are healthy", () => {
    assert.equal(turns([host("a"), host("b", 1, false), host("c", 1, false)], 3), "abc");
  });
});
