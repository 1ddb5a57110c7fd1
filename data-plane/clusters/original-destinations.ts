import { socketAddress } from "../../src/base/ip-address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Address } from "../network/address.ts";
import type { MetadataValue } from "../network/connection-info.ts";
import type { HostCriteria } from "../network/upstream.ts";
import { noEndpoints } from "../resources/cluster-load-assignment.ts";
import type { OriginalDstConfig } from "../resources/original-dst.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { clusterHost } from "./cluster-host.ts";
import type { HostSetLayout } from "./host-set.ts";
import type { LoadBalancer } from "./load-balancing/load-balancer.ts";

export interface OriginalDestinationsOptions {
  readonly clusterName: string;
  readonly config: OriginalDstConfig;
  readonly cleanupMs: number;
  readonly clock: Clock;
  /** `original_dst_host_invalid` is what a header or metadata said that is no address. */
  readonly counters: { original_dst_host_invalid: number };
  /** Takes over the hosts as they are now. */
  readonly onHosts: (hosts: readonly ClusterHost[], layout: HostSetLayout) => void;
}

/**
 * ORIGINAL_DST: the upstream is the address that the client wanted to reach, as a listener filter restored it, or what metadata or a header
 * says in its place. A host is made for each address at its first use and forgotten when it is not used any more.
 */
export class OriginalDestinations implements LoadBalancer {
  readonly #options: OriginalDestinationsOptions;
  readonly #layout: HostSetLayout;
  readonly #hosts = new Map<string, ClusterHost>();
  readonly #used = new Set<string>();
  #cancelCleanup: () => void = () => undefined;

  constructor(options: OriginalDestinationsOptions) {
    this.#options = options;
    this.#layout = noEndpoints(options.clusterName);
  }

  /** Begins to forget hosts. */
  start(): void {
    const { clock, cleanupMs } = this.#options;
    this.#cancelCleanup = clock.after(cleanupMs, () => {
      this.#cleanUp();
      this.start();
    });
  }

  stop(): void {
    this.#cancelCleanup();
  }

  /** The hosts are its own: health does not matter. */
  update(): void {
    // Nothing to take over.
  }

  choose(criteria: HostCriteria): ClusterHost | undefined {
    const address = this.#destination(criteria);
    if (!address) return undefined;
    const host = this.#host(address);
    this.#used.add(host.key);
    return host;
  }

  #destination({ info, head }: HostCriteria): Address | undefined {
    const { metadataPath, headerName, port } = this.#options.config;
    const told =
      (metadataPath && this.#parse(metadataText(metadataPath, (namespace) => info?.metadata(namespace)))) ??
      (headerName === undefined ? undefined : this.#parse(head?.headers.get(headerName)));
    const address = told ?? (info?.isLocalRestored ? info.local : undefined);
    // A unix socket is nowhere to connect to.
    if (!address || address.family === "pipe") return undefined;
    return port === undefined ? address : { ...address, port };
  }

  #parse(text: string | undefined): Address | undefined {
    if (text === undefined) return undefined;
    const address = addressWithPort(text);
    if (!address) this.#options.counters.original_dst_host_invalid += 1;
    return address;
  }

  #host(address: Address): ClusterHost {
    const { clusterName } = this.#options;
    const made = clusterHost(
      {
        address,
        hostname: "",
        weight: 1,
        edsHealth: "healthy",
        metadata: { filter: new Map(), typed: new Map() },
        locality: { region: "", zone: "", subZone: "" },
        priority: 0,
        check: { address: undefined, port: 0, hostname: "", isDisabled: true },
      },
      address,
      this.#hosts,
    );
    const known = this.#hosts.get(made.key);
    if (known) return known;
    const host = { ...made, hostname: `${clusterName}${made.key}` };
    this.#hosts.set(host.key, host);
    this.#publish();
    return host;
  }

  /** A host stays for one more interval after its last use, and as long as it has connections. */
  #cleanUp(): void {
    const before = this.#hosts.size;
    for (const [key, host] of this.#hosts) {
      if (!this.#used.delete(key) && host.stats.cxActive === 0) this.#hosts.delete(key);
    }
    if (this.#hosts.size !== before) this.#publish();
  }

  #publish(): void {
    this.#options.onHosts([...this.#hosts.values()], this.#layout);
  }
}

/** `192.0.2.1:80` or `[2001:db8::1]:80`. */
function addressWithPort(text: string): Address | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  return parts && port <= 65_535 ? socketAddress(parts[1] ?? parts[2] ?? "", port) : undefined;
}

type Fields = Readonly<Record<string, MetadataValue>>;

/** The text at a path of dynamic metadata; of a list the first. */
function metadataText(
  [namespace, ...keys]: readonly [string, ...(readonly string[])],
  metadata: (namespace: string) => Fields | undefined,
): string | undefined {
  let value: MetadataValue | undefined = metadata(namespace);
  for (const key of keys) {
    if (typeof value !== "object" || value === null || isList(value)) return undefined;
    value = value[key];
  }
  const first = value !== undefined && isList(value) ? value[0] : value;
  return typeof first === "string" ? first : undefined;
}

function isList(value: MetadataValue): value is readonly MetadataValue[] {
  return Array.isArray(value);
}
