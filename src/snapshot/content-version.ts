import { createHash } from "node:crypto";
import type { Resource } from "./resource.ts";

const versionBytes = 12;
const versionBits = versionBytes * 8;

/** The sum of nothing: the version of an empty set. */
export const emptySum = 0n;

/**
 * The part that one resource has in the version of a set: 96 bits of SHA-256 over name and version. Sets add these
 * up modulo 2^96, so that a set's version follows from the one before it and from what changed, in whatever order
 * (XDS-130). Sums do not withstand somebody who forges resources to collide; who can write resources has no need to.
 */
export function digestOf({ name, version }: Resource): bigint {
  const digest = createHash("sha256").update(`${name}\0${version}`).digest();
  return (digest.readBigUInt64BE(0) << 32n) | BigInt(digest.readUInt32BE(8));
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
