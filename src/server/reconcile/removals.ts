import type { Problem } from "../../base/problem.ts";
import { diff } from "../../snapshot/diff.ts";
import type { Revision } from "../../snapshot/revision.ts";

/** How much a load may take away before a person has to say that it is meant (XDS-71). */
export interface RemovalPolicy {
  /** False holds back a load that takes a type of a group from some to none. */
  readonly allowsEmptyTypes: boolean;
  /** The largest share of a type of a group that may go at once, 0 to 1; 1 lets any share but the whole go. */
  readonly largestShare: number;
}

/** The default: a type may lose everything but its last resource. */
export const cautiousRemovals: RemovalPolicy = { allowsEmptyTypes: false, largestShare: 1 };

/**
 * What `next` takes away beyond the policy, as errors; none when it may be served. A folder that is half there, a
 * file system that is not mounted or a wrong sub-folder looks like a wish to remove everything.
 */
export function excessiveRemovals(current: Revision, next: Revision, policy: RemovalPolicy): Problem[] {
  const problems: Problem[] = [];
  if (current.authorization && !next.authorization && !policy.allowsEmptyTypes) problems.push(openedToAll);
  for (const group of current.groups.values()) {
    const nextTypes = next.groups.get(group.name)?.snapshot.types;
    for (const set of group.snapshot.types.values()) {
      const after = nextTypes?.get(set.typeUrl);
      const gone = after ? diff(set, after).removed.length : set.resources.size;
      if (gone === 0) continue;
      const isEmptied = (after?.resources.size ?? 0) === 0;
      const isAllowed = isEmptied
        ? policy.allowsEmptyTypes
        : gone <= set.resources.size * policy.largestShare;
      if (!isAllowed) problems.push(problem(group.name, set.typeUrl, gone, set.resources.size, isEmptied));
    }
  }
  return problems;
}

/** A chancery.yaml that got lost must not hand every group's secrets to everybody. */
const openedToAll: Problem = {
  code: "authorization-removed",
  severity: "error",
  message:
    'every client could have everything, since authorization is gone; if that is meant, run "chancery reconcile --allow-removals"',
};

function problem(group: string, typeUrl: string, gone: number, of: number, isEmptied: boolean): Problem {
  const type = typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
  const what = isEmptied ? `all ${of} ${type} resources` : `${gone} of ${of} ${type} resources`;
  return {
    code: "mass-removal",
    severity: "error",
    message: `group ${group} would lose ${what}; if that is meant, run "chancery reconcile --allow-removals"`,
  };
}
