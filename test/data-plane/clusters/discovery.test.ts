import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterSet } from "../../../data-plane/clusters/cluster-set.ts";
import type { Resolver } from "../../../data-plane/clusters/resolver.ts";
import { ofLookupFamily } from "../../../data-plane/clusters/resolver.ts";
import { parseCluster } from "../../../data-plane/resources/cluster.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";
import { runContext, stat } from "../run-kit.ts";

const endpoint = (name: string) =>
  `{endpoint: {address: {socket_address: {address: ${name}, port_value: 80}}}}`;

function dnsCluster(type: string, names: readonly string[]) {
  const endpoints = names.map(endpoint).join(", ");
  const yaml = `{name: c, type: ${type}, dns_refresh_rate: 7s, load_assignment: {endpoints: [{lb_endpoints: [${endpoints}]}]}}`;
  return valueOf(parseCluster(message("envoy.config.cluster.v3.Cluster", yaml), parseContext(), ""));
}

const subscribe = () => ({ refresh: () => undefined, close: () => undefined });

/** A set with a resolver that answers from `answers`; a name without an answer fails. */
function setOf(answers: Map<string, readonly string[]>) {
  const clock = new FakeClock();
  const run = runContext({ clock });
  const lookups: string[] = [];
  const resolver: Resolver = {
    resolve(name) {
      lookups.push(name);
      const found = answers.get(name);
      return found ? Promise.resolve(found) : Promise.reject(new Error("ENOTFOUND"));
    },
  };
  let id = 0;
  const clusters = new ClusterSet({ run, nextId: () => (id += 1), resolver, subscribe });
  const hosts = () => [...(clusters.active()[0]?.hosts.keys() ?? [])];
  return { clock, clusters, hosts, lookups, stats: run.stats };
}

/** Lets the promises of a look-up run their course. */
const settled = () => new Promise(setImmediate);

describe("STRICT_DNS", () => {
  it("has a host for each address, and serves when each name had its first answer", async () => {
    const scene = setOf(
      new Map([
        ["a", ["1.1.1.1", "2.2.2.2"]],
        ["b", ["3.3.3.3"]],
      ]),
    );
    const warm = scene.clusters.update(dnsCluster("STRICT_DNS", ["a", "b"]));
    assert.equal(scene.clusters.get("c"), undefined);
    await warm;
    assert.deepEqual(scene.hosts(), ["1.1.1.1:80", "2.2.2.2:80", "3.3.3.3:80"]);
    await scene.clusters.whenWarm();
  });

  it("looks again after dns_refresh_rate, and keeps the numbers of hosts that stay", async () => {
    const answers = new Map([["a", ["1.1.1.1", "2.2.2.2"]]]);
    const scene = setOf(answers);
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"]));
    const kept = scene.clusters.active()[0]!.hosts.get("2.2.2.2:80")!.stats;
    answers.set("a", ["2.2.2.2", "4.4.4.4"]);
    scene.clock.advance(7_000);
    await settled();
    assert.deepEqual(scene.hosts(), ["2.2.2.2:80", "4.4.4.4:80"]);
    assert.equal(scene.clusters.active()[0]!.hosts.get("2.2.2.2:80")!.stats, kept);
    assert.equal(stat(scene.stats, "cluster.c.membership_change"), 2);
  });

  it("keeps its addresses when a look-up fails (XC-50)", async () => {
    const answers = new Map([["a", ["1.1.1.1"]]]);
    const scene = setOf(answers);
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"]));
    answers.delete("a");
    scene.clock.advance(7_000);
    await settled();
    assert.deepEqual(scene.hosts(), ["1.1.1.1:80"]);
    assert.equal(stat(scene.stats, "cluster.c.update_failure"), 1);
  });

  it("serves without hosts when no name is found, and goes on looking", async () => {
    const answers = new Map<string, readonly string[]>();
    const scene = setOf(answers);
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"]));
    assert.deepEqual(scene.hosts(), []);
    answers.set("a", ["1.1.1.1"]);
    scene.clock.advance(7_000);
    await settled();
    assert.deepEqual(scene.hosts(), ["1.1.1.1:80"]);
  });

  it("stops looking when the cluster is removed", async () => {
    const scene = setOf(new Map([["a", ["1.1.1.1"]]]));
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"]));
    scene.clusters.remove("c");
    scene.clock.advance(60_000);
    await settled();
    assert.deepEqual(scene.lookups, ["a"]);
    assert.equal(scene.clock.pending, 0);
    assert.equal(stat(scene.stats, "cluster.c.membership_total"), undefined);
  });
});

describe("LOGICAL_DNS", () => {
  it("has one host, at the first address", async () => {
    const scene = setOf(new Map([["a", ["1.1.1.1", "2.2.2.2"]]]));
    await scene.clusters.update(dnsCluster("LOGICAL_DNS", ["a"]));
    assert.deepEqual(scene.hosts(), ["1.1.1.1:80"]);
  });
});

describe("ofLookupFamily()", () => {
  const both = ["1.1.1.1", "::1"];
  const rows = [
    ["AUTO", both, ["::1"]],
    ["AUTO", ["1.1.1.1"], ["1.1.1.1"]],
    ["V4_ONLY", both, ["1.1.1.1"]],
    ["V6_ONLY", ["1.1.1.1"], []],
    ["V4_PREFERRED", both, ["1.1.1.1"]],
    ["V4_PREFERRED", ["::1"], ["::1"]],
    ["ALL", both, both],
  ] as const;
  for (const [family, addresses, chosen] of rows) {
    it(`${family} of ${addresses.join(", ")}`, () =>
      assert.deepEqual(ofLookupFamily(addresses, family), chosen));
  }
});
