import type { Resource } from "../snapshot/resource.ts";
import { anySize, wrappedSize, writeWrapped } from "./resource-wire.ts";
import { fieldSize, stringFieldSize, WireWriter } from "./wire.ts";

/** A resource as it stands in responses, tag and length included. */
interface Entry {
  /** An `envoy.service.discovery.v3.Resource`, the field `resources` of a DeltaDiscoveryResponse. */
  readonly delta: Buffer;
  /** An Any, the field `resources` of a DiscoveryResponse: both fields have the number that the Any has in a Resource, so it is a part of the other. */
  readonly sotw: Buffer;
}

const whole = { hasBody: true, hasTtl: false, aliases: [] };

/**
 * Encodes each resource once for all responses that it is in, so that to make a response is to put them one behind the other.
 * Resources with a TTL are left out: what stands in a response depends on who gets it.
 */
export class Entries {
  readonly #entries = new WeakMap<Resource, Entry>();

  of(resource: Resource): Entry {
    const known = this.#entries.get(resource);
    if (known) return known;
    const size = wrappedSize(resource, whole);
    const writer = new WireWriter(fieldSize(size));
    writer.open(2, size);
    writeWrapped(writer, resource, whole);
    const delta = writer.bytes;
    const end = delta.length - stringFieldSize(resource.name);
    const entry = { delta, sotw: delta.subarray(end - fieldSize(anySize(resource)), end) };
    this.#entries.set(resource, entry);
    return entry;
  }
}
