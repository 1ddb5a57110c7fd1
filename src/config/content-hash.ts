import { createHash } from "node:crypto";

/**
 * The version of bytes: the first 12 bytes of their SHA-256 in base64url, 16 characters. Equal content gives the
 * equal version on every replica; 96 bits keep chance collisions out of reach of any fleet.
 */
export function contentHash(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, 12).toString("base64url");
}

/** The version of a resource. A TTL is part of it: clients learn of another one with the resource. */
export function resourceVersion(bytes: Uint8Array, ttlMs: number | undefined): string {
  return ttlMs === undefined ? contentHash(bytes) : contentHash(bytes, `\0ttl ${ttlMs}`);
}
