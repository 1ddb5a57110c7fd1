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

function dnsCluster(type: string, names: readonly string[], more = "") {
  const endpoints = names.map(endpoint).join(", ");
  const yaml = `{name: c, type: ${type}, dns_refresh_rate: 7s, ${more} load_assignment: {endpoints: [{lb_endpoints: [${endpoints}]}]}}`;
  return valueOf(parseCluster(message("envoy.config.cluster.v3.Cluster", yaml), parseContext(), ""));
}

const subscribe = () => ({ refresh: () => undefined, close: () => undefined });

/** A set with a resolver that answers from `answers`; a name without an answer fails. */
function setOf(answers: Map<string, readonly string[]>, ttlMs?: number, random = 0) {
  const clock = new FakeClock();
  const run = { ...runContext({ clock }), random: () => random };
  const lookups: string[] = [];
  const resolver: Resolver = {
    resolve({ name, family }) {
      lookups.push(name);
      const found = answers.get(name);
      if (!found) return Promise.reject(new Error("ETIMEOUT"));
      return Promise.resolve({ addresses: ofLookupFamily(found, family), ttlMs });
    },
  };
  let id = 0;
  const clusters = new ClusterSet({
    run,
    nextId: () => (id += 1),
    resolver,
    subscribe,
    endpointsKey: (name) => name,
  });
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

/** How many look-ups there were after each of these milliseconds. */
async function lookupsAfter(scene: ReturnType<typeof setOf>, ...steps: readonly number[]): Promise<number[]> {
  const counts: number[] = [];
  for (const step of steps) {
    scene.clock.advance(step);
    await settled();
    counts.push(scene.lookups.length);
  }
  return counts;
}

describe("the time between look-ups", () => {
  const found = new Map([["a", ["1.1.1.1"]]]);

  it("is the TTL where respect_dns_ttl says so and there is one", async () => {
    const scene = setOf(found, 2000);
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"], "respect_dns_ttl: true,"));
    assert.deepEqual(await lookupsAfter(scene, 1999, 1, 2000), [1, 2, 3]);
    const without = setOf(found);
    await without.clusters.update(dnsCluster("STRICT_DNS", ["a"], "respect_dns_ttl: true,"));
    assert.deepEqual(await lookupsAfter(without, 6999, 1), [1, 2]);
    const unasked = setOf(found, 2000);
    await unasked.clusters.update(dnsCluster("STRICT_DNS", ["a"]));
    assert.deepEqual(await lookupsAfter(unasked, 6999, 1), [1, 2]);
  });

  it("has up to dns_jitter added", async () => {
    const scene = setOf(found, undefined, 0.5);
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"], "dns_jitter: 1s,"));
    assert.deepEqual(await lookupsAfter(scene, 7499, 1), [1, 2]);
  });

  it("is random below a limit that doubles with each failure, up to max_interval", async () => {
    const scene = setOf(new Map(), undefined, 0.5);
    const failure = "dns_failure_refresh_rate: {base_interval: 1s, max_interval: 3s},";
    await scene.clusters.update(dnsCluster("STRICT_DNS", ["a"], failure));
    assert.deepEqual(await lookupsAfter(scene, 499, 1, 999, 1, 1499, 1, 1499, 1), [1, 2, 2, 3, 3, 4, 4, 5]);
  });
});

describe("LOGICAL_DNS", () => {
  it("takes an answer without addresses for a failure, as STRICT_DNS does not", async () => {
    const logical = setOf(new Map([["a", []]]));
    await logical.clusters.update(dnsCluster("LOGICAL_DNS", ["a"]));
    assert.equal(stat(logical.stats, "cluster.c.update_failure"), 1);
    const strict = setOf(new Map([["a", []]]));
    await strict.clusters.update(dnsCluster("STRICT_DNS", ["a"]));
    assert.deepEqual(
      ["update_success", "update_no_rebuild", "update_failure"].map((name) =>
        stat(strict.stats, `cluster.c.${name}`),
      ),
      [1, 1, 0],
    );
  });

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
