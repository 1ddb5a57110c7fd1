import { parseIp } from "../../src/base/ip-address.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { Address } from "../network/address.ts";
import { formatHost } from "../network/address.ts";
import type { CidrRange } from "../network/cidr-range.ts";
import { isWithin } from "../network/cidr-range.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { FilterChainMatch } from "./filter-chain-match.ts";

/** What is looked at to choose a filter chain. */
export type MatchSubject = Pick<
  ConnectionInfo,
  "remote" | "local" | "directRemote" | "serverName" | "transportProtocol" | "applicationProtocols"
>;

/** One respect in which chains are told apart. */
type Criterion =
  | {
      readonly kind: "text";
      /** What a chain asks for; `any` when it does not care. */
      readonly keysOf: (match: FilterChainMatch) => readonly string[];
      /** What fits a connection, the best first, `any` left out. */
      readonly fitting: (subject: MatchSubject) => readonly string[];
    }
  | {
      readonly kind: "range";
      /** Empty when a chain does not care. */
      readonly rangesOf: (match: FilterChainMatch) => readonly CidrRange[];
      readonly addressOf: (subject: MatchSubject) => Address;
    };

/** The rest of the way to a chain. */
type Node =
  | { readonly kind: "chain"; readonly position: number }
  | {
      readonly kind: "text";
      readonly fitting: (subject: MatchSubject) => readonly string[];
      readonly branches: ReadonlyMap<string, Node>;
    }
  | {
      readonly kind: "range";
      readonly addressOf: (subject: MatchSubject) => Address;
      /** The longest first, what has no range last. */
      readonly branches: readonly { readonly range: CidrRange | undefined; readonly node: Node }[];
    };

/** Stands for chains that do not care. */
const any = "";

/**
 * Envoy's order (FilterChainMatch): one criterion after the other, each time on with the most specific match alone. It never comes
 * back to a chain that lost an earlier one.
 */
const criteria: readonly Criterion[] = [
  {
    kind: "text",
    keysOf: ({ destinationPort }) => [destinationPort === undefined ? any : String(destinationPort)],
    fitting: ({ local }) => portOf(local),
  },
  { kind: "range", rangesOf: (match) => match.prefixRanges, addressOf: ({ local }) => local },
  { kind: "text", keysOf: (match) => orAny(match.serverNames), fitting: namesFor },
  {
    kind: "text",
    keysOf: (match) => [match.transportProtocol],
    fitting: ({ transportProtocol }) => [transportProtocol],
  },
  {
    kind: "text",
    keysOf: (match) => orAny(match.applicationProtocols),
    fitting: ({ applicationProtocols }) => applicationProtocols,
  },
  {
    kind: "range",
    rangesOf: (match) => match.directSourcePrefixRanges,
    addressOf: ({ directRemote }) => directRemote,
  },
  {
    kind: "text",
    keysOf: ({ sourceType }) => [sourceType === "ANY" ? any : sourceType],
    fitting: (subject) => [isLocal(subject) ? "SAME_IP_OR_LOOPBACK" : "EXTERNAL"],
  },
  { kind: "range", rangesOf: (match) => match.sourcePrefixRanges, addressOf: ({ remote }) => remote },
  {
    kind: "text",
    keysOf: (match) => orAny(match.sourcePorts.map(String)),
    fitting: ({ remote }) => portOf(remote),
  },
];

/** Finds the filter chain of a connection, by its position. Made once for a version of a listener. */
export class FilterChainIndex {
  /** Absent when there is no chain. */
  readonly #root: Node | undefined;

  private constructor(root: Node | undefined) {
    this.#root = root;
  }

  /** Undefined when two of the matches overlap: some connection could choose between them. */
  static of(matches: readonly FilterChainMatch[]): FilterChainIndex | undefined {
    if (matches.length === 0) return new FilterChainIndex(undefined);
    const root = build(
      matches.map((match, position) => ({ match, position })),
      0,
    );
    return root && new FilterChainIndex(root);
  }

  /** The position of the chain for a connection, or undefined when none fits. */
  find(subject: MatchSubject): number | undefined {
    let node: Node | undefined = this.#root;
    while (node) {
      switch (node.kind) {
        case "chain":
          return node.position;
        case "text":
          node = textBranch(node, subject);
          break;
        case "range":
          node = rangeBranch(node, node.addressOf(subject));
          break;
        default:
          return unreachable(node);
      }
    }
    return undefined;
  }
}

interface Entry {
  readonly match: FilterChainMatch;
  readonly position: number;
}

function build(entries: readonly Entry[], depth: number): Node | undefined {
  // A listener with one chain for everything, by far the most common, asks nothing of a connection.
  while (criteria[depth] && entries.every(({ match }) => isFree(criteria[depth]!, match))) depth += 1;
  const criterion = criteria[depth];
  if (!criterion) {
    return entries.length === 1 ? { kind: "chain", position: entries[0]!.position } : undefined;
  }
  return criterion.kind === "text"
    ? buildText(criterion, entries, depth)
    : buildRanges(criterion, entries, depth);
}

function isFree(criterion: Criterion, match: FilterChainMatch): boolean {
  if (criterion.kind === "range") return criterion.rangesOf(match).length === 0;
  const keys = criterion.keysOf(match);
  return keys.length === 1 && keys[0] === any;
}

function buildText(
  { keysOf, fitting }: Extract<Criterion, { kind: "text" }>,
  entries: readonly Entry[],
  depth: number,
): Node | undefined {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) for (const key of keysOf(entry.match)) addTo(groups, key, entry);
  const branches = new Map<string, Node>();
  for (const [key, group] of groups) {
    const node = build(group, depth + 1);
    if (!node) return undefined;
    branches.set(key, node);
  }
  return { kind: "text", fitting, branches };
}

function buildRanges(
  { rangesOf, addressOf }: Extract<Criterion, { kind: "range" }>,
  entries: readonly Entry[],
  depth: number,
): Node | undefined {
  const ranges = new Map<string, CidrRange>();
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const own = rangesOf(entry.match);
    if (own.length === 0) addTo(groups, any, entry);
    for (const range of own) {
      const key = `${range.bytes.join(".")}/${range.length}`;
      ranges.set(key, range);
      addTo(groups, key, entry);
    }
  }
  const branches: { readonly range: CidrRange | undefined; readonly node: Node }[] = [];
  for (const [key, group] of groups) {
    const node = build(group, depth + 1);
    if (!node) return undefined;
    branches.push({ range: ranges.get(key), node });
  }
  branches.sort((a, b) => (b.range?.length ?? -1) - (a.range?.length ?? -1));
  return { kind: "range", addressOf, branches };
}

function addTo(groups: Map<string, Entry[]>, key: string, entry: Entry): void {
  const group = groups.get(key);
  if (group) group.push(entry);
  else groups.set(key, [entry]);
}

function textBranch(node: Extract<Node, { kind: "text" }>, subject: MatchSubject): Node | undefined {
  for (const key of node.fitting(subject)) {
    const found = key === any ? undefined : node.branches.get(key);
    if (found) return found;
  }
  return node.branches.get(any);
}

function rangeBranch(node: Extract<Node, { kind: "range" }>, address: Address): Node | undefined {
  // Envoy takes a pipe for this address.
  const bytes = parseIp(address.family === "pipe" ? "255.255.255.255" : address.address);
  return node.branches.find(({ range }) => !range || (bytes && isWithin(range, bytes)))?.node;
}

function orAny(keys: readonly string[]): readonly string[] {
  return keys.length === 0 ? [any] : keys;
}

function portOf(address: Address): readonly string[] {
  return address.family === "pipe" ? [] : [String(address.port)];
}

/** The name itself, then `.example.com`, `.com` for what `*.example.com` and `*.com` stand for here. */
function namesFor({ serverName }: MatchSubject): readonly string[] {
  const names = [serverName];
  for (let dot = serverName.indexOf(".", 1); dot > 0; dot = serverName.indexOf(".", dot + 1)) {
    if (dot < serverName.length - 1) names.push(serverName.slice(dot));
  }
  return names;
}

/** Only the canonical loopback addresses count, as seen on Envoy 1.40: 127.0.0.9 is external. */
function isLocal({ remote, local }: MatchSubject): boolean {
  if (remote.family === "pipe") return true;
  const host = formatHost(remote);
  return host === "127.0.0.1" || host === "::1" || (local.family !== "pipe" && host === formatHost(local));
}
