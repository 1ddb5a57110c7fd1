import type { TypeSet } from "../snapshot/type-set.ts";
import type { Plan } from "./change.ts";
import type { Interest } from "./interest.ts";
import type { HostNames } from "./virtual-host-names.ts";

/**
 * A plan for virtual hosts in the words of VHDS: each resource with all the names that were asked for and lead to it
 * (XDS-92), and hosts that do not exist as resources without a body, so that requests that wait for them fail now
 * (XDS-114). `sent` is what the client was sent before: what it holds is removed like anything else.
 */
export function answerHosts(plan: Plan, asked: Interest, hosts: HostNames, sent: TypeSet): Plan {
  const aliases = new Map<string, string[]>();
  for (const name of asked.names) {
    const found = hosts.find(name) ?? name;
    const list = aliases.get(found);
    if (list) list.push(name);
    else aliases.set(found, [name]);
  }
  const isMissing = (name: string) => aliases.has(name) && !sent.resources.has(name);
  return {
    ...plan,
    aliases,
    removed: plan.removed.filter((name) => !isMissing(name)),
    missing: plan.removed.filter(isMissing),
  };
}
