import type { AccessPolicy } from "../../config/access-policy.ts";
import type { NodeMatch } from "../../config/node-match.ts";
import { makeResource, type Resource } from "../../snapshot/resource.ts";
import { makeRevision, type Revision, type RevisionSource } from "../../snapshot/revision.ts";
import { Snapshot } from "../../snapshot/snapshot.ts";

/** Changes when an older program could not read what a newer one wrote. */
const format = "chancery-revision/1";

interface Header {
  readonly format: string;
  readonly id: string;
  readonly createdAtMs: number;
  readonly source: RevisionSource;
  /** Every distinct resource once, in the order of the bytes that follow: type URL, name, length, TTL if it has one. */
  readonly resources: readonly (readonly [typeUrl: string, name: string, length: number, ttlMs?: number])[];
  readonly groups: readonly {
    readonly name: string;
    readonly match: NodeMatch;
    readonly members: readonly number[];
  }[];
  /** An older program does not know it, and gives another id then: it refuses the file instead of forgetting the rules. */
  readonly authorization?: AccessPolicy;
}

/**
 * A revision as one file: a line of JSON, then the bytes of its resources one after the other. Places in texts and
 * warnings are not kept: the texts may be others by the time it is read.
 */
export function encodeRevision(revision: Revision): Buffer {
  const indexes = new Map<string, number>();
  const resources: Resource[] = [];
  const indexOf = (resource: Resource) => {
    const key = `${resource.typeUrl} ${resource.version} ${resource.name}`;
    const index = indexes.get(key) ?? resources.push(resource) - 1;
    indexes.set(key, index);
    return index;
  };
  const groups = [...revision.groups.values()].map(({ name, match, snapshot }) => ({
    name,
    match,
    members: [...snapshot.types.values()].flatMap((set) => [...set.resources.values()].map(indexOf)),
  }));
  const header: Header = {
    format,
    id: revision.id,
    createdAtMs: revision.createdAtMs,
    source: revision.source,
    resources: resources.map(({ typeUrl, name, bytes, ttlMs }) =>
      ttlMs === undefined ? [typeUrl, name, bytes.length] : [typeUrl, name, bytes.length, ttlMs],
    ),
    groups,
    ...(revision.authorization && { authorization: revision.authorization }),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...resources.map(({ bytes }) => bytes)]);
}

/**
 * The revision that `encodeRevision` wrote; its resources share memory with `file`. Throws `Error` for another format,
 * or when what was read does not give the id that was written.
 */
export function decodeRevision(file: Buffer): Revision {
  const end = file.indexOf("\n");
  const header: unknown = JSON.parse(file.toString("utf8", 0, Math.max(end, 0)));
  if (!isHeader(header)) throw new Error(`not a file of the format ${format}`);
  let offset = end + 1;
  const resources = header.resources.map(([typeUrl, name, length, ttlMs]) => {
    const bytes = file.subarray(offset, offset + length);
    offset += length;
    return makeResource({ typeUrl, name, bytes, ...(ttlMs !== undefined && { ttlMs }) });
  });
  const revision = makeRevision({
    groups: header.groups.map(({ name, match, members }) => ({
      name,
      match,
      snapshot: Snapshot.of(members.map((index) => resources[index]!)),
    })),
    ...(header.authorization && { authorization: header.authorization }),
    source: header.source,
    createdAtMs: header.createdAtMs,
  });
  if (revision.id !== header.id) throw new Error(`content has the id ${revision.id}, expected ${header.id}`);
  return revision;
}

/** The hash of the file was that of what we wrote, so only the version of the format is in question. */
function isHeader(parsed: unknown): parsed is Header {
  return typeof parsed === "object" && parsed !== null && "format" in parsed && parsed.format === format;
}
