import { printable } from "../../base/printable.ts";
import { formatPlace } from "../../base/problem.ts";
import type { NodeStatus, NodeTypeStatus, SyncState } from "../../fleet/node-status.ts";
import type { Colors } from "../color.ts";
import { sourceLine } from "../source-line.ts";
import { formatTable } from "../table.ts";

/** The names that people call types by, in the order in which Envoy is given them. */
const shortNames: readonly (readonly [typeName: string, short: string])[] = [
  ["envoy.config.cluster.v3.Cluster", "CDS"],
  ["envoy.config.endpoint.v3.ClusterLoadAssignment", "EDS"],
  ["envoy.config.listener.v3.Listener", "LDS"],
  ["envoy.config.route.v3.RouteConfiguration", "RDS"],
  ["envoy.config.route.v3.ScopedRouteConfiguration", "SRDS"],
  ["envoy.config.route.v3.VirtualHost", "VHDS"],
  ["envoy.extensions.transport_sockets.tls.v3.Secret", "SDS"],
  ["envoy.service.runtime.v3.Runtime", "RTDS"],
  ["envoy.config.core.v3.TypedExtensionConfig", "ECDS"],
];

/** `CDS` for a cluster's type URL; the last part of the name for types without a short name. */
export function shortTypeName(typeUrl: string): string {
  const name = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  return shortNames.find(([full]) => full === name)?.[1] ?? name.slice(name.lastIndexOf(".") + 1);
}

/** A row a node and a column a type that occurs, then what was refused and where it was written. */
export function formatNodes(nodes: readonly NodeStatus[], nowMs: number, colors: Colors): string {
  const types = typeColumns(nodes);
  const headings = ["NODE", "CLUSTER", "GROUP", "AGENT", "SINCE", ...types.map(shortTypeName)];
  const rows = nodes.map((node) => [
    printable(node.id, 60),
    printable(node.cluster, 40),
    node.group ?? (node.awaySinceMs === undefined ? colors.yellow("none") : ""),
    printable(`${node.userAgentName} ${node.userAgentVersion}`.trim(), 30),
    sinceCell(node, nowMs, colors),
    ...types.map((typeUrl) => typeCell(node, typeUrl, colors)),
  ]);
  const refusals = nodes.flatMap((node) =>
    node.types.flatMap((type) => formatRefusal(node, type, nowMs, colors)),
  );
  return formatTable(headings, rows) + refusals.map((line) => `${line}\n`).join("");
}

function typeColumns(nodes: readonly NodeStatus[]): string[] {
  const urls = new Set(nodes.flatMap(({ types }) => types.map(({ typeUrl }) => typeUrl)));
  return [...urls].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function rank(typeUrl: string): number {
  const index = shortNames.findIndex(([full]) => typeUrl.endsWith(`/${full}`));
  return index < 0 ? shortNames.length : index;
}

function sinceCell(node: NodeStatus, nowMs: number, colors: Colors): string {
  if (node.awaySinceMs !== undefined) return colors.red(`away ${formatAge(nowMs - node.awaySinceMs)}`);
  return formatAge(nowMs - node.connectedSinceMs);
}

function typeCell(node: NodeStatus, typeUrl: string, colors: Colors): string {
  const type = node.types.find((candidate) => candidate.typeUrl === typeUrl);
  if (!type) return "";
  const version = type.ackedVersion ? ` ${type.ackedVersion.slice(0, 8)}` : "";
  const paint: Record<SyncState, (text: string) => string> = {
    SYNCED: colors.green,
    STALE: colors.yellow,
    NOT_SENT: colors.yellow,
    NACKED: colors.red,
  };
  return `${paint[type.state](type.state.replace("_", " "))}${version}`;
}

function formatRefusal(node: NodeStatus, type: NodeTypeStatus, nowMs: number, colors: Colors): string[] {
  const { refusal } = type;
  if (!refusal) return [];
  const ago = formatAge(nowMs - refusal.atMs);
  const what = `${printable(node.id, 60)} refused ${shortTypeName(type.typeUrl)} ${refusal.version} ${ago} ago:`;
  const places = refusal.resources.map(({ name, place }) => {
    return `  ${printable(name, 100)}${place ? ` at ${formatPlace(place)}` : ""}`;
  });
  const from = refusal.source && sourceLine(refusal.source);
  const origin = from === undefined ? [] : [`  served from ${from}`];
  return [`${colors.red(what)} ${printable(refusal.message.trim(), 500)}`, ...places, ...origin];
}

/** `12s`, `5m`, `3h`, `2d`: the largest unit alone. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
