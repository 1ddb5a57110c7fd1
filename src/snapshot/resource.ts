import { resourceVersion } from "../config/content-hash.ts";
import type { Resource } from "../config/resource.ts";

export type { Resource } from "../config/resource.ts";

/** What a program has to say about a resource: its type, its name and its encoded message. */
export interface ResourceInput {
  /** `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
  readonly typeUrl: string;
  /** The name that clients ask for; not empty. */
  readonly name: string;
  /** The encoded message itself, without an Any around it. Not copied, so not to be written to afterwards. */
  readonly bytes: Uint8Array;
  /** Whole milliseconds after which clients drop it unless they hear of it again; the server sees to that (XDS-107). */
  readonly ttlMs?: number;
}

/** A resource made by a program; its version is the hash of its bytes. Throws a RangeError for an empty name or a TTL below 1 ms. */
export function makeResource({ typeUrl, name, bytes, ttlMs }: ResourceInput): Resource {
  if (name === "") throw new RangeError(`a resource of ${typeUrl} has no name`);
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs > 0)) {
    throw new RangeError(`the TTL of ${name} is ${ttlMs} ms, expected a whole number above 0`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = resourceVersion(view, ttlMs);
  return { typeUrl, name, version, bytes: view, ...(ttlMs !== undefined && { ttlMs }) };
}
