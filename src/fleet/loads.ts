/** What a node reported of a cluster in one interval (`envoy.config.endpoint.v3.ClusterStats`), localities added up. */
export interface LoadReport {
  readonly cluster: string;
  readonly service: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly issued: number;
  readonly dropped: number;
  /** Open at the end of the interval. */
  readonly inProgress: number;
}

/** The sum of what a node reported of a cluster since its stream began (XDS-144). */
export interface Load extends LoadReport {
  readonly node: string;
  readonly reportedAtMs: number;
}

/** Requests by cluster over all nodes, since the start. */
export interface ClusterLoad {
  succeeded: number;
  failed: number;
  dropped: number;
}

/** Names come from clients, so their number has a bound; what is beyond is counted as a whole. */
const mostClustersPerNode = 2_000;
const mostNodes = 10_000;
const mostClusters = 1_000;

/** Where the load reports of nodes go. */
export interface LoadSink {
  /** The node has opened a stream of reports. */
  join(node: string): void;
  /** Adds what a node reported. */
  add(node: string, reports: readonly LoadReport[], atMs: number): void;
  /** A stream of the node has ended. */
  leave(node: string): void;
}

/** Loads as nodes report them, by node and cluster. */
export class Loads implements LoadSink {
  readonly #nodes = new Map<string, Map<string, Load>>();
  /** How many streams of reports each node has open. */
  readonly #streams = new Map<string, number>();
  readonly #clusters = new Map<string, ClusterLoad>();

  join(node: string): void {
    this.#streams.set(node, (this.#streams.get(node) ?? 0) + 1);
  }

  add(node: string, reports: readonly LoadReport[], atMs: number): void {
    const own = this.#of(node);
    for (const report of reports) {
      this.#addToCluster(report);
      const key = JSON.stringify([report.cluster, report.service]);
      const before = own?.get(key);
      if (!own || (!before && own.size >= mostClustersPerNode)) continue;
      own.set(key, {
        ...report,
        node,
        reportedAtMs: atMs,
        succeeded: report.succeeded + (before?.succeeded ?? 0),
        failed: report.failed + (before?.failed ?? 0),
        issued: report.issued + (before?.issued ?? 0),
        dropped: report.dropped + (before?.dropped ?? 0),
      });
    }
  }

  /** With its last stream a node is forgotten; the sums over all nodes stay. */
  leave(node: string): void {
    const left = (this.#streams.get(node) ?? 1) - 1;
    if (left > 0) {
      this.#streams.set(node, left);
      return;
    }
    this.#streams.delete(node);
    this.#nodes.delete(node);
  }

  /** In the order in which nodes began to report. */
  list(): readonly Load[] {
    return [...this.#nodes.values()].flatMap((clusters) => [...clusters.values()]);
  }

  /** By the name of the cluster; `other` for those beyond the first thousand. */
  get clusters(): ReadonlyMap<string, ClusterLoad> {
    return this.#clusters;
  }

  #of(node: string): Map<string, Load> | undefined {
    const known = this.#nodes.get(node);
    if (known || this.#nodes.size >= mostNodes) return known;
    const own = new Map<string, Load>();
    this.#nodes.set(node, own);
    return own;
  }

  #addToCluster({ cluster, succeeded, failed, dropped }: LoadReport): void {
    const isNew = !this.#clusters.has(cluster);
    const name = isNew && this.#clusters.size >= mostClusters ? "other" : cluster;
    const sum = this.#clusters.get(name) ?? { succeeded: 0, failed: 0, dropped: 0 };
    sum.succeeded += succeeded;
    sum.failed += failed;
    sum.dropped += dropped;
    this.#clusters.set(name, sum);
  }
}
