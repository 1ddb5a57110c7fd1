import { nearest } from "../../base/edit-distance.ts";
import { parseIp } from "../../base/ip-address.ts";
import type { LintView } from "../../checks/lint.ts";
import { listenAddressOf, readHop } from "../../checks/client-ip/read-hop.ts";
import type { NamedHop } from "../../checks/client-ip/trace-chain.ts";
import { CommandError, exitCode } from "../exit-code.ts";

interface Candidate extends NamedHop {
  readonly group: string;
}

/**
 * The chains to trace: the hops of `--through` as one, or each listener by itself. Throws `CommandError` (64) for a name
 * that means nothing, or more than one listener.
 */
export function findHops(
  views: readonly LintView[],
  through: readonly string[],
): readonly (readonly NamedHop[])[] {
  const isGrouped = views.length > 1;
  const candidates = views.flatMap((view) =>
    [...view.listeners.values()].flatMap((listener): Candidate[] => {
      const group = view.group.name;
      const name = isGrouped ? group : listener.resource.name;
      const settings = readHop(view, listener, name);
      const listensOn = listenAddressOf(listener);
      // A listener that leads nowhere, as one that answers by itself, is no hop.
      if (settings.ways.length === 0) return [];
      return [{ group, settings, ...(listensOn !== undefined && { listensOn }) }];
    }),
  );
  if (through.length > 0) return [through.map((text) => findHop(candidates, text))];
  if (candidates.length === 0) {
    throw new CommandError(exitCode.unreadableInput, "there is no listener that leads to a cluster");
  }
  return candidates.map((candidate) => [candidate]);
}

function findHop(candidates: readonly Candidate[], text: string): NamedHop {
  const [spec = "", address] = text.split("=");
  if (address !== undefined && !parseIp(address)) throw usage(`${text}: expected an IP address behind =`);
  const [first = "", second, cluster] = spec.split("/");
  const inGroup = candidates.filter(({ group }) => group === first);
  const isGroup = inGroup.length > 0;
  const found = isGroup
    ? inGroup.filter(({ settings }) => second === undefined || settings.listener === second)
    : candidates.filter(({ settings }) => settings.listener === first);
  const [hop, another] = found;
  if (!hop) {
    const names = candidates.flatMap(({ group, settings }) => [group, settings.listener]);
    const suggestion = nearest(isGroup ? (second ?? "") : first, names);
    throw usage(`there is no hop ${spec}${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`);
  }
  if (another) {
    const names = found.map(({ group, settings }) => `${group}/${settings.listener}`);
    throw usage(`${spec} may be ${names.join(" or ")}; say which`);
  }
  const through = isGroup ? cluster : second;
  if (through !== undefined && hop.settings.ways.every((way) => way.cluster.name !== through)) {
    const names = [...new Set(hop.settings.ways.map((way) => way.cluster.name))];
    throw usage(`${spec}: the listener does not lead to cluster ${through}, but to ${names.join(", ")}`);
  }
  return {
    ...hop,
    ...(address !== undefined && { address }),
    ...(through !== undefined && { cluster: through }),
  };
}

function usage(message: string): CommandError {
  return new CommandError(exitCode.usage, message);
}
