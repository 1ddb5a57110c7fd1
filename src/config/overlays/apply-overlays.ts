import { hasErrors, type Problem } from "../../base/problem.ts";
import type { Schema } from "../../schema/schema.ts";
import type { SourceNode } from "../../schema/source-node.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { contentHash } from "../content-hash.ts";
import { resourceTypeOf, nounOf } from "../resource-types.ts";
import type { Resource } from "../resource.ts";
import { placeOfNode, textOf } from "../source-tree.ts";
import { isFor, type Overlay } from "./overlay.ts";
import { PatchFailure, patchTree } from "./patch-tree.ts";

export interface Overlaid {
  readonly resource: Resource;
  readonly problems: readonly Problem[];
}

/**
 * Applies overlays to resources of groups. Keeps what it made of a resource, so that what did not change is the same
 * object in the next tree too.
 */
export class Overlays {
  readonly #schema: Schema;
  readonly #all: readonly Overlay[];
  /** By resource, then by the overlays that are for it, in order. */
  readonly #made = new WeakMap<Resource, Map<string, Overlaid>>();

  constructor(schema: Schema, all: readonly Overlay[]) {
    this.#schema = schema;
    this.#all = all;
  }

  /** The resource as the group has it; with an error among the problems it is the resource as it was. */
  apply(group: string, resource: Resource): Overlaid {
    const mine = [...this.#all.entries()].filter(([, overlay]) => isFor(overlay, group, resource));
    if (mine.length === 0) return { resource, problems: [] };
    const key = mine.map(([index]) => index).join();
    let variants = this.#made.get(resource);
    if (!variants) this.#made.set(resource, (variants = new Map()));
    let made = variants.get(key);
    if (!made) {
      made = mine.reduce<Overlaid>(
        (before, [, overlay]) =>
          hasErrors(before.problems) ? before : applyOne(this.#schema, before.resource, overlay),
        { resource, problems: [] },
      );
      variants.set(key, made);
    }
    return made;
  }

  /** Warnings for overlays that are for none of the resources of `groups`. */
  unused(
    groups: Iterable<{ readonly name: string; readonly resources: readonly Resource[] }>,
  ): readonly Problem[] {
    const all = [...groups];
    return this.#all.flatMap((overlay) => {
      if (all.some(({ name, resources }) => resources.some((resource) => isFor(overlay, name, resource))))
        return [];
      const what = `${nounOf(overlay.typeUrl)} ${JSON.stringify(overlay.name)}`;
      const where = overlay.groups ? `group ${overlay.groups.join(", ")}` : "any group";
      const message = `this overlay changes nothing: no ${what} is in ${where}`;
      return [
        {
          code: "overlay-without-effect",
          severity: "warning",
          message,
          place: overlay.place,
        } satisfies Problem,
      ];
    });
  }
}

function applyOne(schema: Schema, resource: Resource, overlay: Overlay): Overlaid {
  const type = resourceTypeOf(resource.typeUrl, schema.descriptors);
  if (!resource.origin?.node || !type) return { resource, problems: [] };
  const { place } = resource.origin;
  const what = `${type.noun} ${JSON.stringify(resource.name)}`;
  const refused = (problem: Omit<Problem, "severity" | "related">): Overlaid => ({
    resource,
    problems: [{ ...problem, severity: "error", related: [{ place, message: `${what} is here` }] }],
  });
  const isSame = (a: SourceNode, b: SourceNode) => {
    const [bytes, others] = [a, b].map((node) => encoded(schema, resource.typeUrl, node));
    return bytes !== undefined && others !== undefined && bytes.equals(others);
  };
  let tree: SourceNode = resource.origin.node;
  for (const operation of overlay.patch) {
    const next = patchTree(tree, operation, isSame);
    if (next instanceof PatchFailure) {
      const { at, message, suggestion } = next;
      return refused({
        code: "overlay-failed",
        message: `${what}: ${message}`,
        place: placeOfNode(at),
        ...(suggestion !== undefined && { suggestion }),
      });
    }
    tree = next;
  }
  const { nameField } = type;
  if (tree.kind !== "mapping" || (nameField !== undefined && textOf(tree, nameField) !== resource.name)) {
    return refused({
      code: "overlay-failed",
      message: `${what}: an overlay cannot change ${nameField}, which is what xDS clients ask for it by`,
      place: overlay.place,
    });
  }
  const typeName = typeNameOf(resource.typeUrl);
  const { message, problems } = schema.fromSource(typeName, tree);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (!message || errors.length > 0) {
    const related = [{ place: overlay.place, message: `${what} is changed by this overlay` }];
    return { resource, problems: errors.map((problem) => ({ ...problem, related })) };
  }
  const bytes = schema.encode(typeName, message);
  const origin = { place, node: tree };
  return { resource: { ...resource, version: contentHash(bytes), bytes, origin }, problems: [] };
}

function encoded(schema: Schema, typeUrl: string, node: SourceNode): Buffer | undefined {
  const typeName = typeNameOf(typeUrl);
  const { message } = schema.fromSource(typeName, node, { rules: false });
  return message && schema.encode(typeName, message);
}
