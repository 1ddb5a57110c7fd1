import { xxHash64 } from "../../../src/base/hash/xx-hash-64.ts";
import type { MaglevPolicy } from "../../resources/load-balancing/load-balancing-config.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { HashTable } from "./hash-balancer.ts";
import { hashKey } from "./hash-key.ts";
import type { HostShare } from "./host-weights.ts";

interface MaglevGauges {
  readonly min_entries_per_host: { set(value: number): void };
  readonly max_entries_per_host: { set(value: number): void };
}

/** A host while the table is filled: its places are `offset`, `offset + skip`, `offset + 2 skip` and so on, around the table. */
interface Filling {
  readonly host: ClusterHost;
  readonly key: Buffer;
  readonly share: number;
  readonly offset: number;
  readonly skip: number;
  next: number;
  target: number;
  count: number;
}

/**
 * MAGLEV: a table of a prime number of entries. Hosts take the next free one of their places in turn, those with smaller shares in fewer
 * rounds; the order is Envoy's, so that both give one host for one hash.
 */
export function maglev(policy: MaglevPolicy, shares: readonly HostShare[], gauges: MaglevGauges): HashTable {
  if (shares.length === 0) return () => undefined;
  const hosts = fillings(policy, shares);
  const table = fill(hosts, policy.tableSize);
  const counts = hosts.map(({ count }) => count);
  gauges.min_entries_per_host.set(counts.reduce((least, count) => Math.min(least, count), policy.tableSize));
  gauges.max_entries_per_host.set(counts.reduce((most, count) => Math.max(most, count), 0));
  const size = BigInt(policy.tableSize);
  return (hash, choice) => hosts[table[Number(attemptHash(hash, choice) % size)]!]!.host;
}

/** Another try looks elsewhere: nearly all bits of the hash are turned round. */
function attemptHash(hash: bigint, choice: number): bigint {
  return choice === 0 ? hash : hash ^ (0xffff_ffff_ffff_ffffn - BigInt(choice) + 1n);
}

function fillings(
  { tableSize, usesHostname }: MaglevPolicy,
  shares: readonly HostShare[],
): readonly Filling[] {
  const size = BigInt(tableSize);
  return shares
    .map(({ host, share }) => {
      const key = hashKey(host, usesHostname);
      return {
        host,
        key,
        share,
        offset: Number(xxHash64(key) % size),
        skip: Number(xxHash64(key, 1n) % (size - 1n)) + 1,
        next: 0,
        target: 0,
        count: 0,
      };
    })
    .sort((a, b) => Buffer.compare(a.key, b.key));
}

/** The index of the host in each entry. */
function fill(hosts: readonly Filling[], tableSize: number): Int32Array {
  const table = new Int32Array(tableSize).fill(-1);
  const largest = hosts.reduce((most, { share }) => Math.max(most, share), 0);
  let filled = 0;
  for (let round = 1; filled < tableSize; round += 1) {
    for (let index = 0; index < hosts.length && filled < tableSize; index += 1) {
      const filling = hosts[index]!;
      if (round * filling.share < filling.target) continue;
      filling.target += largest;
      let place = placeOf(filling, tableSize);
      while (table[place] !== -1) {
        filling.next += 1;
        place = placeOf(filling, tableSize);
      }
      table[place] = index;
      filling.next += 1;
      filling.count += 1;
      filled += 1;
    }
  }
  return table;
}

function placeOf({ offset, skip, next }: Filling, tableSize: number): number {
  return (offset + skip * next) % tableSize;
}
