import type { Problem } from "../../src/base/problem.ts";
import type { Cluster } from "../../src/schema/api.ts";
import type { MetadataValue } from "../network/connection-info.ts";
import type { Installer, ParseContext, UpstreamTransportSocket } from "./extension.ts";
import type { Parsed } from "./parsed.ts";
import { parsed } from "./parsed.ts";
import { structFields } from "./struct-fields.ts";
import type { SupportTable } from "./support.ts";
import { parseTypedConfig } from "./typed-config.ts";

/** The transport sockets of a cluster. */
export interface TransportSocketsConfig {
  readonly fallback: Installer<UpstreamTransportSocket>;
  /** The first whose labels a host has goes before `fallback`. */
  readonly matches: readonly TransportSocketMatch[];
}

interface TransportSocketMatch {
  readonly name: string;
  /** All of them must be in the metadata under `envoy.transport_socket_match`; none: every host. */
  readonly labels: Readonly<Record<string, MetadataValue>>;
  readonly install: Installer<UpstreamTransportSocket>;
}

export const transportSocketsSupport: SupportTable = {
  transport_socket: true,
  transport_socket_matches: { name: true, match: true, transport_socket: true },
};

/** `Cluster.transport_socket` and `transport_socket_matches`. */
export function parseTransportSockets(
  cluster: Cluster,
  context: ParseContext,
  at: string,
): Parsed<TransportSocketsConfig> {
  const problems: Problem[] = [];
  const take = (socket: Cluster["transport_socket"], path: string): Installer<UpstreamTransportSocket> => {
    if (!socket) return () => plainTransport;
    const found = parseTypedConfig("upstreamTransportSockets", socket, context, path);
    problems.push(...found.problems);
    return found.value ?? (() => plainTransport);
  };
  const fallback = take(cluster.transport_socket, `${at}transport_socket`);
  const matches = (cluster.transport_socket_matches ?? []).map((match, index) => ({
    name: match.name ?? "",
    labels: structFields(match.match),
    install: take(match.transport_socket, `${at}transport_socket_matches[${index}].transport_socket`),
  }));
  return parsed({ fallback, matches }, problems);
}

/** Bytes as they are: what a cluster has without a `transport_socket`. */
const plainTransport: UpstreamTransportSocket = { header: () => undefined };
