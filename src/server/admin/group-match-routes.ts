import type { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { matchesNode, type NodeMatch } from "../../config/node-match.ts";
import type { Node } from "../../snapshot/node.ts";
import { apiVersion, problem } from "./answers.ts";
import { type Field, readBody } from "./json-body.ts";

/** What tells who is connected. */
export interface ConnectedNodes {
  /** Each node once, as it described itself when it connected. */
  connected(): Iterable<Node>;
}

/** A group that might be. */
interface WishedGroup {
  readonly name: string;
  readonly match: NodeMatch;
}

/** Ten thousand groups, about. */
const bodyMaxBytes = 4 * 1024 * 1024;

const matchKeys: ReadonlySet<string> = new Set(["id", "cluster", "locality", "metadata", "version"]);

const groupsField: Field<readonly WishedGroup[]> = {
  expected: 'a list of groups such as {"name":"edge","match":{"cluster":"edge"}}',
  is: (value): value is readonly WishedGroup[] => Array.isArray(value) && value.every(isGroup),
};

/**
 * `POST /api/v1/groups/match` with `{"groups": [{"name", "match"}]}`: which of these groups each connected node would
 * belong to, the first that it matches as always. Nothing changes. What a node says of itself stays here.
 */
export function groupMatchRoutes(app: Hono, source: ConnectedNodes): void {
  const limit = bodyLimit({
    maxSize: bodyMaxBytes,
    onError: (context) => context.json(problem(`the body is larger than ${bodyMaxBytes} bytes`), 413),
  });
  app.post("/api/v1/groups/match", limit, async (context) => {
    const body = readBody(await context.req.json().catch(() => undefined), { groups: groupsField });
    if (typeof body === "string") return context.json(problem(body), 400);
    const { groups } = body;
    if (!groups) return context.json(problem(`groups: expected ${groupsField.expected}`), 400);
    const items = Array.from(source.connected(), (node) => ({
      node: node.id,
      group: groups.find(({ match }) => matchesNode(match, node))?.name,
    }));
    items.sort((one, other) => (one.node < other.node ? -1 : 1));
    return context.json({ apiVersion, kind: "GroupMatchList", items });
  });
}

function isGroup(value: unknown): value is WishedGroup {
  if (!isObject(value)) return false;
  const { name, match } = value;
  return typeof name === "string" && isObject(match) && Object.entries(match).every(isCondition);
}

function isCondition([key, value]: readonly [string, unknown]): boolean {
  if (key === "metadata") return isObject(value);
  if (key === "locality")
    return isObject(value) && Object.values(value).every((part) => typeof part === "string");
  return matchKeys.has(key) && typeof value === "string";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
