import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import { roundRobin } from "../../../../data-plane/clusters/load-balancing/round-robin.ts";
import { host } from "../host-kit.ts";

const turns = (hosts: readonly ClusterHost[], count: number, turn = { start: 0, next: 0 }) => {
  const pick = roundRobin(hosts, turn);
  return Array.from({ length: count }, () => pick()?.hostname).join("");
};

describe("roundRobin()", () => {
  it("takes hosts in turn", () => assert.equal(turns([host("a"), host("b"), host("c")], 7), "abcabca"));

  it("begins where the turn says, and goes on there after an update", () => {
    const turn = { start: 0, next: 1 };
    assert.equal(turns([host("a"), host("b"), host("c")], 1, turn), "b");
    assert.equal(turns([host("a"), host("b"), host("c"), host("d")], 3, turn), "cda");
  });

  it("spreads weights evenly, each host at its deadline; of two at one time the one that waits longer", () => {
    assert.equal(turns([host("a", { weight: 2 }), host("b")], 6), "abaaba");
    assert.equal(turns([host("a"), host("b", { weight: 4 })], 10), "bbbabbbbab");
  });

  it("begins a weighted round elsewhere in each proxy", () => {
    const hosts = [host("a", { weight: 2 }), host("b")];
    assert.equal(turns(hosts, 3, { start: 0.001, next: 0 }), "baa");
  });
});
