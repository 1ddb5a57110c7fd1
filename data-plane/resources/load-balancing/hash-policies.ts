import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Parsed } from "../parsed.ts";
import { parsed, refuse } from "../parsed.ts";
import { wrapped } from "../values.ts";
import type { MaglevPolicy, RingHashPolicy } from "./load-balancing-config.ts";

const DEFAULT_RING_SIZE = 1024;
const MAX_RING_SIZE = 8 * 1024 * 1024;
const DEFAULT_TABLE_SIZE = 65_537;

/** The settings of a ring that its legacy form and its extension have in common. */
type RingSettings = Pick<
  MessageTypes["envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash"],
  "minimum_ring_size" | "maximum_ring_size"
>;

/** RING_HASH. The path is where its settings stand. */
export function ringHashPolicy(
  settings: RingSettings | null | undefined,
  isMurmur: boolean,
  usesHostname: boolean,
  path: string,
): Parsed<RingHashPolicy> {
  const minimumSize = Number(wrapped<unknown>(settings?.minimum_ring_size, 0, DEFAULT_RING_SIZE));
  const maximumSize = Number(wrapped<unknown>(settings?.maximum_ring_size, 0, MAX_RING_SIZE));
  const hashFunction = isMurmur ? "MURMUR_HASH_2" : "XX_HASH";
  const tooSmall = `ring hash: minimum_ring_size (${minimumSize}) > maximum_ring_size (${maximumSize})`;
  return parsed(
    { kind: "ring-hash", minimumSize, maximumSize, hashFunction, usesHostname },
    minimumSize > maximumSize ? [refuse(path, tooSmall)] : [],
  );
}

/** MAGLEV. The path is where its settings stand. */
export function maglevPolicy(
  settings: { readonly table_size?: { readonly value?: unknown } | null } | null | undefined,
  usesHostname: boolean,
  path: string,
): Parsed<MaglevPolicy> {
  const tableSize = Number(wrapped(settings?.table_size, 0, DEFAULT_TABLE_SIZE));
  return parsed(
    { kind: "maglev", tableSize, usesHostname },
    isPrime(tableSize) ? [] : [refuse(path, "The table size of maglev must be prime number")],
  );
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return number > 1;
}
