import { murmurHash2 } from "../../../src/base/hash/murmur-hash-2.ts";
import { xxHash64 } from "../../../src/base/hash/xx-hash-64.ts";
import type { RingHashPolicy } from "../../resources/load-balancing/load-balancing-config.ts";
import type { ClusterHost } from "../cluster-host.ts";
import { hashKey } from "./hash-key.ts";
import type { HashTable } from "./hash-balancer.ts";
import type { HostShare } from "./host-weights.ts";

interface RingGauges {
  readonly size: { set(value: number): void };
  readonly min_hashes_per_host: { set(value: number): void };
  readonly max_hashes_per_host: { set(value: number): void };
}

/**
 * RING_HASH (ketama): each host stands at as many places of the ring as its share says, at the hashes of `<key>_0`, `<key>_1` and so on; a
 * request goes to the first host at or behind its hash. Places are made in Envoy's order, so that both give one host for one hash.
 */
export function ringHash(
  policy: RingHashPolicy,
  shares: readonly HostShare[],
  gauges: RingGauges,
): HashTable {
  if (shares.length === 0) return () => undefined;
  const hashOf = policy.hashFunction === "MURMUR_HASH_2" ? murmurHash2 : xxHash64;
  const smallest = shares.reduce((least, { share }) => Math.min(least, share), 1);
  const scale = Math.min(Math.ceil(smallest * policy.minimumSize) / smallest, policy.maximumSize);
  const places: { readonly hash: bigint; readonly host: ClusterHost }[] = [];
  let target = 0;
  let fewest = Math.ceil(scale);
  let most = 0;
  for (const { host, share } of shares) {
    const key = Buffer.concat([hashKey(host, policy.usesHostname), Buffer.from("_")]);
    // Sums run over all hosts, since a host's part of the ring is no whole number.
    target += scale * share;
    let own = 0;
    for (; places.length < target; own += 1) {
      places.push({ hash: hashOf(Buffer.concat([key, Buffer.from(String(own))])), host });
    }
    fewest = Math.min(fewest, own);
    most = Math.max(most, own);
  }
  places.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  gauges.size.set(Math.ceil(scale));
  gauges.min_hashes_per_host.set(fewest);
  gauges.max_hashes_per_host.set(most);
  const hashes = BigUint64Array.from(places, ({ hash }) => hash);
  return (hash, choice) => places[(firstNotBelow(hashes, hash) + choice) % places.length]!.host;
}

/** The index of the first that is not below `hash`, or 0 when all are. */
function firstNotBelow(hashes: BigUint64Array, hash: bigint): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  return low === hashes.length ? 0 : low;
}
