import { contentHash } from "../config/content-hash.ts";
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
}

/** A resource made by a program; its version is the hash of its bytes. Throws a RangeError for an empty name. */
export function makeResource({ typeUrl, name, bytes }: ResourceInput): Resource {
  if (name === "") throw new RangeError(`a resource of ${typeUrl} has no name`);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { typeUrl, name, version: contentHash(view), bytes: view };
}
