import { unreachable } from "../../base/unreachable.ts";
import { digestOf } from "../../snapshot/content-version.ts";
import type { Resource } from "../../snapshot/resource.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { Serving } from "../../snapshot/serving.ts";
import { Snapshot } from "../../snapshot/snapshot.ts";
import { TypeSet } from "../../snapshot/type-set.ts";
import type { Named } from "../../xds/order-views.ts";
import type { ContentPart, PackedResource, PackedRevision } from "./content.ts";

/** Puts together what a `ContentPacker` has taken apart. Throws when parts are missing. */
export class ContentUnpacker {
  /** Those that came since the last set. */
  #resources: Resource[] = [];
  readonly #references = new WeakMap<Resource, readonly Named[]>();
  readonly #sets = new Map<number, TypeSet>();
  readonly #revisions = new Map<number, Revision>();

  /** Takes a part, and answers what is served from now on when it says so. */
  take(part: ContentPart): Serving | undefined {
    switch (part.kind) {
      case "resources":
        for (const resource of part.resources) this.#add(resource);
        return undefined;
      case "set": {
        const { id, typeUrl, base } = part;
        const changed = this.#resources;
        this.#resources = [];
        const set = base
          ? found(this.#sets, base.id).with({ changed, removed: base.removed })
          : TypeSet.of(typeUrl, changed);
        this.#sets.set(id, set);
        return undefined;
      }
      case "revision":
        this.#revisions.set(part.revision.number, this.#revisionOf(part.revision));
        return undefined;
      case "serve": {
        const { candidate } = part;
        const stable = found(this.#revisions, part.stable);
        if (!candidate) return { stable };
        const { extents } = candidate;
        return { stable, candidate: { revision: found(this.#revisions, candidate.revision), extents } };
      }
      case "drop":
        for (const number of part.revisions) this.#revisions.delete(number);
        for (const id of part.sets) this.#sets.delete(id);
        return undefined;
      default:
        return unreachable(part);
    }
  }

  /** What a resource names that came in a part. */
  readonly referencesOf = (resource: Resource): readonly Named[] => this.#references.get(resource) ?? [];

  #add({ references, ...resource }: PackedResource): void {
    this.#references.set(resource, references);
    // Now, a part at a time, rather than for all of them when they come together in a set.
    digestOf(resource);
    this.#resources.push(resource);
  }

  #revisionOf({ id, source, createdAtMs, authorization, groups }: PackedRevision): Revision {
    const unpacked = groups.map(({ name, match, sets }) => {
      const snapshot = Snapshot.ofSets(sets.map((set) => found(this.#sets, set)));
      return [name, { name, match, snapshot }] as const;
    });
    return {
      id,
      source,
      createdAtMs,
      ...(authorization && { authorization }),
      groups: new Map(unpacked),
      problems: [],
    };
  }
}

function found<Value>(all: ReadonlyMap<number, Value>, id: number): Value {
  const value = all.get(id);
  if (value === undefined) throw new Error(`part ${id} of what is served did not come`);
  return value;
}
