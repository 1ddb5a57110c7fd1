import type { Problem } from "../base/problem.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Schema } from "../schema/schema.ts";
import type { MappingNode } from "../schema/source-node.ts";
import { resourceWrapper, type ResourceType } from "./resource-types.ts";
import { entryOf, placeOfNode } from "./source-tree.ts";

/** A client is told three times a TTL that it may keep a resource: shorter ones would be all that a fleet hears. */
const shortestMs = 1_000;

/** The TTL that a wrapper gives the resources inside it, in milliseconds; absent when it gives none, or a bad one. */
export function readTtl(
  schema: Schema,
  wrapper: MappingNode,
  types: readonly ResourceType[],
  path: string,
): { readonly ttlMs?: number; readonly problems: readonly Problem[] } {
  const entry = entryOf(wrapper, "ttl");
  if (!entry) return { problems: [] };
  const { message, problems } = schema.fromSource(
    resourceWrapper,
    { ...wrapper, entries: [entry] },
    { path, rules: false },
  );
  const { ttl }: MessageTypes[typeof resourceWrapper] = message ?? {};
  if (!ttl) return { problems };
  const refused = (text: string): { problems: readonly Problem[] } => ({
    problems: [
      ...problems,
      {
        code: "bad-ttl",
        severity: "error",
        message: text,
        place: placeOfNode(entry.value),
        path: path === "" ? "ttl" : `${path}.ttl`,
      },
    ],
  });
  for (const { noun, afterTtl } of types) {
    if (afterTtl === "crash")
      return refused(`a TTL on a ${noun} is not served: Envoy 1.40 crashes as it runs out`);
    if (afterTtl !== "dropped") return refused(`a TTL on a ${noun} is not served`);
  }
  const ttlMs = Number(ttl.seconds ?? 0) * 1000 + Math.round((ttl.nanos ?? 0) / 1_000_000);
  if (ttlMs < shortestMs) return refused(`expected a TTL of at least 1s, found ${ttlMs / 1000}s`);
  return { ttlMs, problems };
}
