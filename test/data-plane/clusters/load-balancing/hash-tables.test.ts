import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../../src/base/ip-address.ts";
import type { ClusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import { clusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import type { HashTable } from "../../../../data-plane/clusters/load-balancing/hash-balancer.ts";
import { hostShares } from "../../../../data-plane/clusters/load-balancing/host-weights.ts";
import { maglev } from "../../../../data-plane/clusters/load-balancing/maglev.ts";
import { ringHash } from "../../../../data-plane/clusters/load-balancing/ring-hash.ts";
import { StatsStore } from "../../../../data-plane/stats/stats-store.ts";
import { host, setsOf } from "../host-kit.ts";

function hostAt(hostname: string, ip: string, weight: number, key?: string): ClusterHost {
  const address = socketAddress(ip, 80)!;
  const filter = new Map(key === undefined ? [] : [["envoy.lb", { hash_key: key }] as const]);
  const settings = host(hostname, { weight, metadata: { filter, typed: new Map() } });
  const check = { address: undefined, port: 0, hostname: "", isDisabled: false };
  return clusterHost({ ...settings, address, edsHealth: "healthy", check }, address, new Map());
}

/** The hosts that a trace of Envoy 1.40 was made with: two by address, one by metadata, one IPv6. */
const hosts = [
  hostAt("alpha", "10.0.0.1", 1),
  hostAt("beta", "10.0.0.2", 2),
  hostAt("gamma", "::1", 3, "third"),
  hostAt("delta", "2001:db8::1", 1),
];
const shares = hostShares(setsOf(hosts)[0]!, false, false);

const nameAt = (table: HashTable, hash: bigint, choice = 0) => table(hash, choice)?.hostname[0];
const ringGauges = () =>
  new StatsStore().gauges("r", ["size", "min_hashes_per_host", "max_hashes_per_host"] as const);
const maglevGauges = () =>
  new StatsStore().gauges("m", ["min_entries_per_host", "max_entries_per_host"] as const);

const zone = (name: string) => ({ region: "", zone: name, subZone: "" });

describe("ringHash()", () => {
  const policy = { kind: "ring-hash", minimumSize: 20, maximumSize: 8_388_608 } as const;

  /** The ring as Envoy 1.40 logged it: hash of a place, initial of its host. */
  const envoysRing = [
    [199667921421136021n, "b"],
    [664862458724307498n, "g"],
    [1744051470726137489n, "a"],
    [1778681444340244109n, "g"],
    [2164490019069495829n, "g"],
    [3061011993835334668n, "g"],
    [3427322753669346294n, "b"],
    [4409844978069837358n, "b"],
    [4696878613923720282n, "d"],
    [5655029729881170688n, "g"],
    [7308710240875172168n, "a"],
    [8104747467494260863n, "b"],
    [8343028549159589172n, "d"],
    [8431885850995268104n, "a"],
    [10441506188794307846n, "b"],
    [12137906537137891388n, "g"],
    [12400067433649219227n, "d"],
    [13543778995936029731n, "g"],
    [14114772491875458529n, "b"],
    [15698854583045018250n, "g"],
    [17667859396295737107n, "g"],
  ] as const;

  it("puts every host where Envoy puts it", () => {
    const gauges = ringGauges();
    const table = ringHash({ ...policy, hashFunction: "XX_HASH", usesHostname: false }, shares, gauges);
    const at = envoysRing.map(([hash]) => nameAt(table, hash));
    assert.deepEqual(
      at,
      envoysRing.map(([, name]) => name),
    );
    // Behind a place comes the next one, behind the last the first.
    const behind = envoysRing.map(([hash]) => nameAt(table, hash + 1n));
    assert.deepEqual(behind, [...at.slice(1), at[0]]);
    assert.deepEqual(
      [gauges.size.value, gauges.min_hashes_per_host.value, gauges.max_hashes_per_host.value],
      [21, 3, 9],
    );
  });

  it("hashes with MurmurHash2 and by name where asked", () => {
    const settings = {
      ...policy,
      maximumSize: 21,
      hashFunction: "MURMUR_HASH_2",
      usesHostname: true,
    } as const;
    const table = ringHash(settings, shares, ringGauges());
    const envoys = [
      [1482235091624593314n, "d"],
      [3602346349880006743n, "g"],
      [4063716398795156873n, "a"],
      [9674861301159573813n, "b"],
      [18133682084543162204n, "d"],
      [18180081803765681808n, "b"],
    ] as const;
    assert.deepEqual(
      envoys.map(([hash]) => nameAt(table, hash)),
      envoys.map(([, name]) => name),
    );
  });

  it("goes on from place to place for further tries", () => {
    const table = ringHash({ ...policy, hashFunction: "XX_HASH", usesHostname: false }, shares, ringGauges());
    assert.deepEqual(
      [0, 1, 2, 21].map((choice) => nameAt(table, 0n, choice)),
      ["b", "g", "a", "b"],
    );
  });

  it("has nobody without hosts", () => {
    const settings = { ...policy, hashFunction: "XX_HASH", usesHostname: false } as const;
    assert.equal(ringHash(settings, [], ringGauges())(1n, 0), undefined);
  });
});

describe("maglev()", () => {
  it("fills its table as Envoy does", () => {
    const gauges = maglevGauges();
    const table = maglev({ kind: "maglev", tableSize: 31, usesHostname: false }, shares, gauges);
    const entries = Array.from({ length: 31 }, (_, index) => nameAt(table, BigInt(index))).join("");
    assert.equal(entries, "adggbagbddbbdbadbbgggabggbagggg");
    assert.equal(nameAt(table, 31n), "a");
    assert.deepEqual([gauges.min_entries_per_host.value, gauges.max_entries_per_host.value], [5, 12]);
  });

  it("looks elsewhere for further tries", () => {
    const table = maglev({ kind: "maglev", tableSize: 31, usesHostname: false }, shares, maglevGauges());
    const size = 31n;
    assert.equal(nameAt(table, 5n, 1), nameAt(table, (5n ^ 0xffff_ffff_ffff_ffffn) % size));
    assert.equal(nameAt(table, 5n, 2), nameAt(table, (5n ^ 0xffff_ffff_ffff_fffen) % size));
  });
});

describe("hostShares()", () => {
  it("counts localities by weight where asked, those without a weight not at all", () => {
    const [set] = setsOf([
      host("a", { locality: zone("1") }),
      host("b", { locality: zone("1"), weight: 3 }),
      host("c", { locality: zone("2") }),
      host("d", { locality: zone("3") }),
    ]);
    const localities = set!.localities.map((locality, index) => ({ ...locality, weight: [1, 3, 0][index]! }));
    const found = hostShares({ ...set!, localities }, false, true);
    assert.deepEqual(
      found.map(({ host: { hostname }, share }) => [hostname, share]),
      [
        ["a", 1 / 16],
        ["b", 3 / 16],
        ["c", 3 / 4],
      ],
    );
  });
});
