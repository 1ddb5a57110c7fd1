import { matchesGlob } from "./glob.ts";

/**
 * Which nodes a group is for. Every condition that is given must hold; with none, all nodes match. Globs know
 * `*` and `?`; everything else is compared exactly.
 */
export interface NodeMatch {
  /** Glob on `node.id`. */
  readonly id?: string;
  /** Exact `node.cluster`. */
  readonly cluster?: string;
  /** Exact parts of `node.locality`; parts that are not given match any. */
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly sub_zone?: string };
  /** A google.protobuf.Struct (`{fields: {…}}`): each key given must be in `node.metadata` with that value. */
  readonly metadata?: object;
  /** Glob on the version that the node states of itself (`1.40.*`). */
  readonly version?: string;
}

/** The parts of `envoy.config.core.v3.Node` that groups are chosen by; messages inside it in decoded form. */
export interface MatchableNode {
  readonly id?: string;
  readonly cluster?: string;
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly sub_zone?: string } | null;
  readonly metadata?: unknown;
  readonly userAgentVersion?: string;
}

/** True when the node fulfils every condition of the match. */
export function matchesNode(match: NodeMatch, node: MatchableNode): boolean {
  if (match.id !== undefined && !matchesGlob(match.id, node.id ?? "")) return false;
  if (match.cluster !== undefined && match.cluster !== (node.cluster ?? "")) return false;
  if (match.version !== undefined && !matchesGlob(match.version, node.userAgentVersion ?? "")) return false;
  if (match.locality) {
    const { region, zone, sub_zone } = match.locality;
    const has = node.locality ?? {};
    if (region !== undefined && region !== has.region) return false;
    if (zone !== undefined && zone !== has.zone) return false;
    if (sub_zone !== undefined && sub_zone !== has.sub_zone) return false;
  }
  return match.metadata === undefined || isWithin(match.metadata, node.metadata);
}

/** True when all that `wanted` holds is in `found` with the same value: objects by key, everything else whole. */
function isWithin(wanted: unknown, found: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return Object.is(wanted, found);
  if (typeof found !== "object" || found === null) return false;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      wanted.length === found.length &&
      wanted.every((item, index) => isWithin(item, found[index]))
    );
  }
  const entries = new Map(Object.entries(found));
  return Object.entries(wanted).every(
    ([key, value]) => entries.has(key) && isWithin(value, entries.get(key)),
  );
}
