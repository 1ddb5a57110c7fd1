import { matchesGlob } from "./glob.ts";

/** What some clients may have (`chancery.v1.AuthorizationRule`). Parts that are absent allow everything. */
export interface AccessRule {
  /** Globs of what a client proves: `spiffe://fleet/edge/*`, `*.edge.example`, `token:ci`. */
  readonly principals: readonly string[];
  /** Globs of node ids that it may have. */
  readonly nodeIds?: readonly string[];
  /** Names of groups. */
  readonly groups?: readonly string[];
  /** Type URLs. */
  readonly types?: readonly string[];
  /** May ask for the status of all nodes, by CSDS. */
  readonly isOperator: boolean;
}

/** Who may have what; what no rule allows is refused (XDS-137). */
export interface AccessPolicy {
  readonly rules: readonly AccessRule[];
}

/** Who asks, and for what. */
export interface AccessRequest {
  /** What the client has proved: the URI and DNS names of its certificate, `token:` and the name of its token. */
  readonly principals: readonly string[];
  /** Who it says it is, and where that leads. */
  readonly nodeId: string;
  /** The group that its node falls into; absent when it falls into none. */
  readonly group?: string | undefined;
  /** Type URLs that it asks for. */
  readonly types: readonly string[];
}

/**
 * Why the request is refused, or undefined when one rule allows all of it. What a client claims only ever narrows what
 * its principals allow.
 */
export function accessRefusal(policy: AccessPolicy, request: AccessRequest): string | undefined {
  const { nodeId, group, types } = request;
  const own = rulesFor(policy, request.principals);
  if (typeof own === "string") return own;
  const who = request.principals.map(quote).join(", ");
  const forNode = own.filter(({ nodeIds }) => nodeIds?.some((glob) => matchesGlob(glob, nodeId)) ?? true);
  if (forNode.length === 0) return `${who} may not be node ${quote(nodeId)}`;
  if (group === undefined) return undefined;
  const forGroup = forNode.filter(({ groups }) => groups?.includes(group) ?? true);
  if (forGroup.length === 0)
    return `${who} may not have the group ${quote(group)} that node ${quote(nodeId)} falls into`;
  const forTypes = forGroup.filter((rule) => types.every((type) => rule.types?.includes(type) ?? true));
  if (forTypes.length > 0) return undefined;
  const refused = types.find((type) => !forGroup.some((rule) => rule.types?.includes(type) ?? true));
  return `${who} may not have ${refused === undefined ? `all of ${types.join(", ")}` : refused}`;
}

/** Why the client may not ask about all nodes, or undefined when it may. */
export function operatorRefusal(policy: AccessPolicy, principals: readonly string[]): string | undefined {
  const own = rulesFor(policy, principals);
  if (typeof own === "string") return own;
  if (own.some(({ isOperator }) => isOperator)) return undefined;
  return `${principals.map(quote).join(", ")} may not ask about all nodes: no rule of theirs has operator: true`;
}

function rulesFor({ rules }: AccessPolicy, principals: readonly string[]): readonly AccessRule[] | string {
  if (principals.length === 0)
    return "the client has proved nothing about itself: it needs a certificate or a token";
  const own = rules.filter((rule) =>
    principals.some((principal) => rule.principals.some((glob) => matchesGlob(glob, principal))),
  );
  return own.length > 0 ? own : `no rule of authorization is for ${principals.map(quote).join(", ")}`;
}

const quotedMaxLength = 200;

/** What a peer wrote, short and in one line. */
function quote(text: string): string {
  return JSON.stringify(text.length > quotedMaxLength ? `${text.slice(0, quotedMaxLength)}…` : text);
}
