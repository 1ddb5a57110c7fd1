import { createHash } from "node:crypto";
import type { Resource } from "./resource.ts";

const versionBytes = 12;
const versionBits = versionBytes * 8;

// A memo and nothing else: resources are immutable. Who gets thousands of them little by little asks for it then, so that the
// set that they end up in is made without hashing all of them in one turn.
const memo = new WeakMap<Resource, bigint>();

/** The sum of nothing: the version of an empty set. */
export const emptySum = 0n;

/**
 * The part that one resource has in the version of a set: 96 bits of SHA-256 over name and version. Sets add these
 * up modulo 2^96, so that a set's version follows from the one before it and from what changed, in whatever order
 * (XDS-130). Sums do not withstand somebody who forges resources to collide; who can write resources has no need to.
 */
export function digestOf(resource: Resource): bigint {
  const known = memo.get(resource);
  if (known !== undefined) return known;
  const hash = createHash("sha256").update(`${resource.name}\0${resource.version}`).digest();
  const digest = (hash.readBigUInt64BE(0) << 32n) | BigInt(hash.readUInt32BE(8));
  memo.set(resource, digest);
  return digest;
}

export function addDigest(sum: bigint, digest: bigint): bigint {
  return BigInt.asUintN(versionBits, sum + digest);
}

export function subtractDigest(sum: bigint, digest: bigint): bigint {
  return BigInt.asUintN(versionBits, sum - digest);
}

/** The version string of a sum: 16 characters of base64url, never empty (XDS-34). */
export function formatSum(sum: bigint): string {
  return Buffer.from(sum.toString(16).padStart(versionBytes * 2, "0"), "hex").toString("base64url");
}
