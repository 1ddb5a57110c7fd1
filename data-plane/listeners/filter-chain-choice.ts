import type { Address } from "../network/address.ts";
import { formatHost, isLoopback } from "../network/address.ts";
import type { CidrRange } from "../network/cidr-range.ts";
import { isInRange } from "../network/cidr-range.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { FilterChainMatch } from "../resources/filter-chain-match.ts";

/** What is looked at to choose a filter chain. */
export type MatchSubject = Pick<ConnectionInfo, "remote" | "local" | "directRemote">;

/** Keeps the chains that fit a connection best in one respect; an empty list when none fits. */
type Stage = <Chain extends { readonly match: FilterChainMatch }>(
  chains: readonly Chain[],
  subject: MatchSubject,
) => readonly Chain[];

/**
 * The filter chain of a connection. Envoy looks at one criterion after the other, in this order, and each time goes on with the
 * most specific match alone: it never comes back to a chain that lost an earlier one (FilterChainMatch).
 */
export function chooseFilterChain<Chain extends { readonly match: FilterChainMatch }>(
  chains: readonly Chain[],
  subject: MatchSubject,
): Chain | undefined {
  const [only] = chains;
  if (only && chains.length === 1 && isUnconditional(only.match)) return only;
  let left = chains;
  for (const stage of stages) left = stage(left, subject);
  return left[0];
}

const stages: readonly Stage[] = [
  (chains, { local }) =>
    exactOrUnset(
      chains,
      ({ match }) => (match.destinationPort === undefined ? [] : [match.destinationPort]),
      portOf(local),
    ),
  (chains, { local }) => longestPrefix(chains, ({ match }) => match.prefixRanges, local),
  // Nothing looks for TLS in the stream yet, so every connection is "raw_buffer".
  (chains) =>
    exactOrUnset(
      chains,
      ({ match }) => (match.transportProtocol === "" ? [] : [match.transportProtocol]),
      "raw_buffer",
    ),
  (chains, { directRemote }) =>
    longestPrefix(chains, ({ match }) => match.directSourcePrefixRanges, directRemote),
  bySourceType,
  (chains, { remote }) => longestPrefix(chains, ({ match }) => match.sourcePrefixRanges, remote),
  (chains, { remote }) => exactOrUnset(chains, ({ match }) => match.sourcePorts, portOf(remote)),
];

/** True for a match that names nothing: by far the most common listener has one such chain. */
function isUnconditional(match: FilterChainMatch): boolean {
  return (
    match.destinationPort === undefined &&
    match.prefixRanges.length === 0 &&
    match.transportProtocol === "" &&
    match.directSourcePrefixRanges.length === 0 &&
    match.sourceType === "ANY" &&
    match.sourcePrefixRanges.length === 0 &&
    match.sourcePorts.length === 0
  );
}

function portOf(address: Address): number | undefined {
  return address.family === "pipe" ? undefined : address.port;
}

/** Chains that list the value, else those that list none. */
function exactOrUnset<Chain, Value>(
  chains: readonly Chain[],
  valuesOf: (chain: Chain) => readonly Value[],
  value: Value | undefined,
): readonly Chain[] {
  const exact = chains.filter((chain) => value !== undefined && valuesOf(chain).includes(value));
  return exact.length > 0 ? exact : chains.filter((chain) => valuesOf(chain).length === 0);
}

/** Chains with the longest range around the address; one without ranges has the range of everything. */
function longestPrefix<Chain>(
  chains: readonly Chain[],
  rangesOf: (chain: Chain) => readonly CidrRange[],
  address: Address,
): readonly Chain[] {
  const lengths = chains.map((chain) => {
    const ranges = rangesOf(chain);
    if (ranges.length === 0) return 0;
    return Math.max(-1, ...ranges.filter((range) => isInRange(range, address)).map((range) => range.length));
  });
  const best = Math.max(-1, ...lengths);
  return best < 0 ? [] : chains.filter((_, index) => lengths[index] === best);
}

function bySourceType<Chain extends { readonly match: FilterChainMatch }>(
  chains: readonly Chain[],
  { remote, local }: MatchSubject,
): readonly Chain[] {
  const isLocal = isLoopback(remote) || formatHost(remote) === formatHost(local);
  const wanted = isLocal ? "SAME_IP_OR_LOOPBACK" : "EXTERNAL";
  const exact = chains.filter(({ match }) => match.sourceType === wanted);
  return exact.length > 0 ? exact : chains.filter(({ match }) => match.sourceType === "ANY");
}
