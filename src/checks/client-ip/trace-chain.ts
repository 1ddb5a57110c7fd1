import { carriersOf, isCarried, type Loss, lossAt, lossBehind, lossByRefusal } from "./explain-loss.ts";
import type { HopSettings } from "./hop-settings.ts";
import { listensWhere } from "./ways.ts";
import { type ChainedHop, passHop, type Passed, type Refused } from "./pass-hop.ts";
import { type Spoofer, spoofersOf } from "./spoofing.ts";
import type { TracedAddress, Wire } from "./wire.ts";

/** A hop that a person named. */
export interface NamedHop {
  readonly settings: HopSettings;
  /** `address:port` that it listens on, to find the cluster that leads to it. */
  readonly listensOn?: string;
  /** Its address as the next hop sees it; absent: not known. */
  readonly address?: TracedAddress;
  /** The cluster to go through, where a person said which. */
  readonly cluster?: string;
}

export interface TracedHop {
  readonly hop: ChainedHop;
  readonly arriving: Wire;
  readonly result: Passed | Refused;
  /** True when it takes the traced address for the client's. */
  readonly isKnown: boolean;
  readonly spoofers: readonly Spoofer[];
}

export interface Trace {
  readonly from: TracedAddress;
  /** What is assumed of what stands in front of the first hop. */
  readonly front: Wire;
  /** In the order of the way; behind a hop that refuses there is none. */
  readonly hops: readonly TracedHop[];
  /** Every place where the address is lost, the first one first. */
  readonly losses: readonly Loss[];
  /** What the upstream of the last hop gets; absent when a hop refuses. */
  readonly delivered?: Wire;
}

export interface Front {
  readonly from: TracedAddress;
  /** The address of a load balancer that writes a PROXY header; absent: the client connects itself. */
  readonly via?: TracedAddress;
  /** Its header is UNKNOWN or LOCAL. */
  readonly headerNamesNobody?: boolean;
  /** What the client writes into x-forwarded-for. */
  readonly xff?: readonly string[];
}

/** Walks an address through hops in their order. Throws a RangeError for a hop without a way through it. */
export function traceChain(named: readonly NamedHop[], { from, via, headerNamesNobody, xff }: Front): Trace {
  const chain = named.map((hop, index) => chained(hop, named[index + 1]));
  const version = headerFor(named[0]?.settings);
  const front: Wire = {
    tcpSource: via ?? from,
    headers: via === undefined ? [] : [{ version, ...(headerNamesNobody ? {} : { source: from }) }],
    ...(xff && { xff }),
  };
  const spoofers = spoofersOf(chain, front);
  const hops: TracedHop[] = [];
  const losses: Loss[] = [];
  let wire = front;
  let before: Parameters<typeof lossByRefusal>[1];
  for (const [index, hop] of chain.entries()) {
    const result = passHop(hop, wire);
    const isKnown = result.kind === "passed" && result.client === from;
    hops.push({ hop, arriving: wire, result, isKnown, spoofers: spoofers[index]! });
    if (result.kind === "refused") {
      losses.push(lossByRefusal(hop, before, result));
      return { from, front, hops, losses };
    }
    const isBrought = isCarried(carriersOf(wire, from));
    const loss = isBrought && !isKnown ? lossAt(hop, wire, result, from) : undefined;
    if (loss) losses.push(loss);
    const isLeft = isCarried(carriersOf(result.out, from));
    if (isBrought && !isLeft && isKnown) losses.push(lossBehind(hop, result));
    wire = result.out;
    before = { name: hop.settings.name, cluster: result.way.cluster };
  }
  return { from, front, hops, losses, delivered: wire };
}

/** True when every hop that can knows the address, and the last upstream is told it. */
export function arrives({ losses, delivered, from }: Trace): boolean {
  return losses.length === 0 && delivered !== undefined && isCarried(carriersOf(delivered, from));
}

/** A load balancer writes a version that the first hop takes. */
function headerFor(first: HopSettings | undefined): "V1" | "V2" {
  const isDisallowed = first?.listenerFilters.some(
    (filter) => filter.kind === "proxy-protocol" && filter.disallowed.includes("V2"),
  );
  return isDisallowed ? "V1" : "V2";
}

function chained(hop: NamedHop, next: NamedHop | undefined): ChainedHop {
  const { settings, cluster, address = `<${settings.name}>` } = hop;
  const ways =
    cluster === undefined ? settings.ways : settings.ways.filter((way) => way.cluster.name === cluster);
  const leading = ways.filter(({ cluster: { endpoints } }) => listensWhere(endpoints, next?.listensOn));
  const [first] = ways;
  if (!first) throw new RangeError(`listener ${settings.listener} of ${settings.name} leads to no cluster`);
  // Where no endpoint is known to be the next hop, the first cluster stands for all.
  const chosen = leading[0] ?? first;
  return { settings, ways: ways.filter(({ cluster: { name } }) => name === chosen.cluster.name), address };
}
