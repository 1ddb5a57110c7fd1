import type { ComparedGroup, ComparedResource } from "../../checks/impact/compare-groups.ts";
import type { NodeStatus } from "../../fleet/node-status.ts";
import type { Schema } from "../../schema/schema.ts";
import type { ResourceReport, RevisionReport } from "../../server/admin/admin-source.ts";
import { type AdminCall, askAdmin } from "../admin-client.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { messageOfMasked } from "./masked.ts";

/** What a running server gives to whom. */
export interface ServerSide {
  readonly groups: readonly ComparedGroup[];
  /** Ids of the nodes that are connected, by group. */
  readonly nodes: ReadonlyMap<string, readonly string[]>;
}

/** The most resources of one type and group that a server shows at once. */
const mostResources = 10_000;

/** Asks a running server for its groups, their resources (secrets masked) and nodes. Throws `CommandError`. */
export async function readServer(schema: Schema, call: AdminCall): Promise<ServerSide> {
  const { current } = await askAdmin<Revision>("/api/v1/revision", "Revision", call);
  const groups: ComparedGroup[] = [];
  for (const { name, match, types } of current?.groups ?? []) {
    const resources: ComparedResource[] = [];
    for (const { typeUrl } of types) resources.push(...(await resourcesOf(schema, call, name, typeUrl)));
    groups.push({ name, match, resources });
  }
  // The revision may have changed between two answers.
  const after = await askAdmin<Revision>("/api/v1/revision", "Revision", call);
  if (after.current?.id !== current?.id)
    throw new CommandError(exitCode.undecided, "the server took another revision meanwhile", "try again");
  const { items } = await askAdmin<NodeList>("/api/v1/nodes", "NodeList", call);
  const nodes = new Map<string, string[]>();
  for (const { id, group, awaySinceMs } of items) {
    if (group !== undefined && awaySinceMs === undefined) nodes.set(group, [...(nodes.get(group) ?? []), id]);
  }
  return { groups, nodes };
}

/** The group of `groups` that each connected node would belong to, by node id; the server decides. Throws `CommandError`. */
export async function groupsOfNodes(
  groups: readonly ComparedGroup[],
  call: AdminCall,
): Promise<ReadonlyMap<string, string | undefined>> {
  const body = { groups: groups.map(({ name, match }) => ({ name, match })) };
  const path = "/api/v1/groups/match";
  const { items } = await askAdmin<GroupMatchList>(path, "GroupMatchList", { ...call, body });
  return new Map(items.map(({ node, group }) => [node, group]));
}

async function resourcesOf(
  schema: Schema,
  call: AdminCall,
  group: string,
  typeUrl: string,
): Promise<readonly ComparedResource[]> {
  const query = new URLSearchParams({ group, type: typeUrl, limit: String(mostResources) });
  const path = `/api/v1/resources?${query.toString()}`;
  const { items, isTruncated } = await askAdmin<ResourceList>(path, "ResourceList", call);
  if (isTruncated) {
    const what = `group ${group} has more than ${mostResources} resources of type ${typeUrl}`;
    throw new CommandError(exitCode.undecided, what, "compare folders or revisions instead");
  }
  return items.map(({ name, version, resource }) => ({
    typeUrl,
    name,
    version,
    message: messageOfMasked(schema, typeUrl, name, resource),
  }));
}

interface Revision extends RevisionReport {
  readonly apiVersion: string;
  readonly kind: "Revision";
}

interface ResourceList {
  readonly apiVersion: string;
  readonly kind: "ResourceList";
  readonly items: readonly ResourceReport[];
  readonly isTruncated: boolean;
}

interface GroupMatchList {
  readonly apiVersion: string;
  readonly kind: "GroupMatchList";
  readonly items: readonly { readonly node: string; readonly group?: string }[];
}

interface NodeList {
  readonly apiVersion: string;
  readonly kind: "NodeList";
  readonly items: readonly NodeStatus[];
}
