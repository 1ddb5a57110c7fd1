import type { Resource } from "../snapshot/resource.ts";
import type { Plan } from "./change.ts";
import { wrappedSize } from "./resource-wire.ts";
import { fieldSize, stringFieldSize } from "./wire.ts";

const whole = { hasBody: true, hasTtl: true, aliases: [] };

/** gRPC clients refuse more than 4 MiB unless told otherwise; a quarter is left for what is not ours to count. */
const partMaxBytes = 3 * 1024 * 1024;

/**
 * A delta plan as parts of at most 3 MiB each, resources in their order and removals last (XDS-91). A resource that
 * is larger than that is a part of its own.
 */
export function splitPlan(plan: Plan, maxBytes = partMaxBytes): readonly Plan[] {
  const parts: { resources: Resource[]; removed: string[] }[] = [];
  let room = 0;
  const partFor = (size: number) => {
    const last = parts.at(-1);
    if (last && size <= room) {
      room -= size;
      return last;
    }
    const part = { resources: [], removed: [] };
    parts.push(part);
    room = maxBytes - size;
    return part;
  };
  for (const resource of plan.resources)
    partFor(fieldSize(wrappedSize(resource, whole))).resources.push(resource);
  for (const name of plan.removed) partFor(stringFieldSize(name)).removed.push(name);
  return parts.length <= 1 ? [plan] : parts.map((part) => ({ ...plan, ...part }));
}
