import { isDeepStrictEqual } from "node:util";
import type { MetadataValue } from "../network/connection-info.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import type { EndpointMetadata, Host } from "../network/upstream.ts";
import type { RunContext, UpstreamTransportSocket } from "../resources/extension.ts";
import type { TransportSocketsConfig } from "../resources/transport-sockets.ts";

const NAMESPACE = "envoy.transport_socket_match";

interface Choice {
  readonly transport: UpstreamTransportSocket;
  readonly counters: { total_match_count: number };
}

interface Match extends Choice {
  readonly labels: readonly (readonly [string, MetadataValue])[];
}

/** The transport sockets of a cluster: which one a host has its metadata tells, and else that of its locality. */
export class HostTransports {
  readonly #fallback: Choice;
  readonly #matches: readonly Match[];

  constructor({ fallback, matches }: TransportSocketsConfig, run: RunContext, scope: string) {
    const countersOf = (name: string) => run.stats.counters(`${scope}.${name}`, ["total_match_count"]);
    this.#fallback = { transport: fallback(run, scope), counters: countersOf("default") };
    this.#matches = matches.map(({ name, labels, install }) => ({
      labels: Object.entries(labels),
      transport: install(run, scope),
      counters: countersOf(name),
    }));
  }

  /** The one of hosts that match nothing. */
  get fallback(): UpstreamTransportSocket {
    return this.#fallback.transport;
  }

  /** Of every one that does TLS. */
  certificates(): readonly CertificateReport[] {
    const all = [...this.#matches, this.#fallback];
    return all.flatMap(({ transport }) => transport.certificates?.() ?? []);
  }

  of(host: Host): UpstreamTransportSocket {
    return this.#choose(host).transport;
  }

  /** The one of hosts with these labels, whatever a host's own are. Counts each time, as Envoy does. */
  ofLabels(labels: Readonly<Record<string, MetadataValue>>): UpstreamTransportSocket {
    const { transport, counters } = this.#matching(labels) ?? this.#fallback;
    counters.total_match_count += 1;
    return transport;
  }

  /** Counts hosts that are new to the cluster. */
  count(hosts: readonly Host[]): void {
    for (const host of hosts) this.#choose(host).counters.total_match_count += 1;
  }

  #choose({ metadata, localityMetadata }: Host): Choice {
    if (this.#matches.length === 0) return this.#fallback;
    return this.#find(metadata) ?? (localityMetadata && this.#find(localityMetadata)) ?? this.#fallback;
  }

  #find({ filter }: EndpointMetadata): Match | undefined {
    return this.#matching(filter.get(NAMESPACE));
  }

  #matching(fields: Readonly<Record<string, MetadataValue>> | undefined): Match | undefined {
    return this.#matches.find(({ labels }) =>
      labels.every(([name, value]) => fields !== undefined && isDeepStrictEqual(fields[name], value)),
    );
  }
}
