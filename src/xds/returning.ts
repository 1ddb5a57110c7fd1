import type { TypeSet } from "../snapshot/type-set.ts";
import { covers } from "./interest.ts";
import type { Position } from "./plan.ts";

/** A position without the stated names that are no more, and these. */
export interface Parted {
  readonly position: Position;
  readonly gone: ReadonlySet<string>;
}

/** Types whose resources name those of a type, by label. What a returning client holds of them is not known in full. */
const usersOf: Readonly<Record<string, readonly string[]>> = {
  CDS: ["LDS", "RDS", "VHDS", "ECDS"],
  EDS: ["CDS"],
  SDS: ["CDS", "LDS"],
  ECDS: ["LDS"],
  RDS: ["LDS", "SRDS"],
};

/** Labels of the types that name resources of a type; the first of them is one that every client of the type asks for. */
export function labelsNaming(label: string): readonly string[] {
  return usersOf[label] ?? [];
}

/**
 * Takes out of what a returning client states the names that the target lacks. What it holds that names them is not
 * known, so that they are removed only once all of that has been replaced (XDS-96).
 */
export function partGone(position: Position, target: TypeSet): Parted {
  const { stated, interest } = position;
  const gone = new Set<string>();
  for (const name of stated?.keys() ?? []) {
    if (covers(interest, name) && !target.resources.has(name) && !interest.names.has(name)) gone.add(name);
  }
  if (!stated || gone.size === 0) return { position, gone };
  return {
    position: { ...position, stated: new Map([...stated].filter(([name]) => !gone.has(name))) },
    gone,
  };
}
