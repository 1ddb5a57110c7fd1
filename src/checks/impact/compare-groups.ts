import type { NodeMatch } from "../../config/node-match.ts";
import { nounOf, resourceTypes } from "../../config/resource-types.ts";
import type { Message } from "../../schema/message.ts";
import { parsePath } from "../../schema/path.ts";
import type { Schema } from "../../schema/schema.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { type Effect, type EffectKind, severityOf } from "./effect.ts";
import { type FieldChange, fieldChanges, isEqual } from "./field-changes.ts";
import { resourceEffect } from "./resource-effect.ts";

/** A resource as it is compared. */
export interface ComparedResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Equal versions are equal resources. */
  readonly version: string;
  readonly message: Message;
}

/** A group as it is compared. */
export interface ComparedGroup {
  readonly name: string;
  readonly match: NodeMatch;
  readonly resources: readonly ComparedResource[];
}

/** What becomes of one resource of a group. */
export interface ResourceChange {
  readonly kind: "added" | "removed" | "changed";
  readonly typeUrl: string;
  /** What people call it: `cluster`. */
  readonly noun: string;
  readonly name: string;
  readonly effect: Effect;
  /** Empty for a resource that comes or goes, and where only what is masked or its TTL differs. */
  readonly fields: readonly FieldChange[];
}

/** What becomes of a group of nodes. */
export interface GroupChange {
  readonly kind: "added" | "removed" | "changed";
  readonly name: string;
  /** Which nodes it is for, after the change; before it, for a group that goes. */
  readonly match: NodeMatch;
  /** Whom it was for, when that changed: nodes may come from other groups and go to others. */
  readonly matchBefore?: NodeMatch;
  /** The hardest of its effects. */
  readonly effect: EffectKind;
  /** The hardest first, then by type and name. */
  readonly resources: readonly ResourceChange[];
}

/** What differs between two configurations, group by group; groups that stay as they are are left out. */
export function compareGroups(
  schema: Schema,
  before: readonly ComparedGroup[],
  after: readonly ComparedGroup[],
): readonly GroupChange[] {
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const old = before.find((group) => group.name === name);
    const next = after.find((group) => group.name === name);
    const resources = compareResources(schema, old?.resources ?? [], next?.resources ?? []);
    const isMatchOther = old && next && !isEqual(old.match, next.match);
    if (old && next && resources.length === 0 && !isMatchOther) return [];
    return [
      {
        kind: !old ? "added" : !next ? "removed" : "changed",
        name,
        match: (next ?? old)!.match,
        ...(isMatchOther && { matchBefore: old.match }),
        effect: resources[0]?.effect.kind ?? "none",
        resources,
      } satisfies GroupChange,
    ];
  });
}

function compareResources(
  schema: Schema,
  before: readonly ComparedResource[],
  after: readonly ComparedResource[],
): readonly ResourceChange[] {
  const old = new Map(before.map((resource) => [keyOf(resource), resource]));
  const next = new Map(after.map((resource) => [keyOf(resource), resource]));
  const changes = [...new Set([...old.keys(), ...next.keys()])].flatMap((key) => {
    const from = old.get(key);
    const to = next.get(key);
    return from?.version === to?.version ? [] : [changeOf(schema, from, to)];
  });
  return changes.sort(
    (one, other) =>
      severityOf(other.effect.kind) - severityOf(one.effect.kind) ||
      typeOrder(one.typeUrl) - typeOrder(other.typeUrl) ||
      (one.name < other.name ? -1 : 1),
  );
}

function changeOf(
  schema: Schema,
  from: ComparedResource | undefined,
  to: ComparedResource | undefined,
): ResourceChange {
  const { typeUrl, name } = (to ?? from)!;
  const fields = from && to ? fieldChanges(schema, typeNameOf(typeUrl), from.message, to.message) : [];
  const changed = [...new Set(fields.map(({ path }) => String(parsePath(path)[0])))];
  return {
    kind: !from ? "added" : !to ? "removed" : "changed",
    typeUrl,
    noun: nounOf(typeUrl),
    name,
    effect: resourceEffect(typeUrl, from?.message, to?.message, changed),
    fields,
  };
}

function typeOrder(typeUrl: string): number {
  const index = resourceTypes.findIndex((type) => type.typeUrl === typeUrl);
  return index < 0 ? resourceTypes.length : index;
}

function keyOf({ typeUrl, name }: ComparedResource): string {
  return `${typeUrl}\n${name}`;
}
