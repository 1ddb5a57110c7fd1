import type { Http2Stats } from "../http2/codec-stats.ts";
import { http2Stats } from "../http2/codec-stats.ts";
import type { StreamRequest } from "../network/http-stream.ts";
import type { ConnectAttempt, UpstreamConnection } from "../network/upstream.ts";
import type { RunContext } from "../resources/extension.ts";
import type { ClusterHost } from "./cluster-host.ts";
import type { HttpPoolOptions, PooledConnection, PooledConnectionOwner } from "./http-pool.ts";
import { HttpPool } from "./http-pool.ts";
import { Http1Connection } from "./http1-connection.ts";
import { Http2Connection } from "./http2-connection.ts";

export interface HttpPoolsOptions extends Omit<
  HttpPoolOptions,
  "clock" | "protocol" | "speak" | "streamsPerConnection"
> {
  readonly run: RunContext;
  /** Of the cluster's stats. */
  readonly scope: string;
}

type Protocol = HttpPoolOptions["protocol"];

/** The pools of a cluster: one, or one for each protocol where the cluster is to speak what the client speaks. */
export class HttpPools {
  readonly #options: HttpPoolsOptions;
  readonly #pools = new Map<Protocol, HttpPool>();
  #http2Stats: Http2Stats | undefined;

  constructor(options: HttpPoolsOptions) {
    this.#options = options;
  }

  openStream(request: StreamRequest): ConnectAttempt {
    const { protocol } = this.#options.config;
    const spoken =
      protocol === "downstream" ? (request.protocol === "HTTP/2" ? "HTTP/2" : "HTTP/1.1") : protocol;
    let pool = this.#pools.get(spoken);
    if (!pool) {
      pool = this.#open(spoken);
      this.#pools.set(spoken, pool);
    }
    return pool.openStream(request);
  }

  keepOnly(hosts: ReadonlyMap<string, ClusterHost>): void {
    for (const pool of this.#pools.values()) pool.keepOnly(hosts);
  }

  /** Requests to a host that is not well any more go elsewhere from now on. */
  drainHost(host: ClusterHost): void {
    for (const pool of this.#pools.values()) pool.drainHost(host);
  }

  retire(): void {
    for (const pool of this.#pools.values()) pool.retire();
  }

  #open(protocol: Protocol): HttpPool {
    const options = this.#options;
    return new HttpPool({
      ...options,
      clock: options.run.clock,
      protocol,
      // What is negotiated is counted once it is known.
      dial: (host, request) => {
        if (protocol !== "auto") this.#countConnection(protocol);
        return options.dial(host, request);
      },
      streamsPerConnection: protocol === "HTTP/1.1" ? 1 : streamsPerConnection(options),
      speak: (upstream, owner) => {
        const isHttp2 = protocol === "auto" ? upstream.tls?.alpn === "h2" : protocol === "HTTP/2";
        if (protocol === "auto") this.#countConnection(isHttp2 ? "HTTP/2" : "HTTP/1.1");
        return isHttp2 ? this.#speakHttp2(upstream, owner) : this.#speakHttp1(upstream, owner);
      },
    });
  }

  #countConnection(protocol: "HTTP/1.1" | "HTTP/2"): void {
    const { counters } = this.#options.stats;
    counters[protocol === "HTTP/2" ? "upstream_cx_http2_total" : "upstream_cx_http1_total"] += 1;
  }

  #speakHttp2(upstream: UpstreamConnection, owner: PooledConnectionOwner): PooledConnection {
    const { config, stats, run, scope } = this.#options;
    this.#http2Stats ??= http2Stats(run.stats, `${scope}.http2`);
    const codec = { config: config.http2, stats: this.#http2Stats, counters: stats.counters, run };
    return new Http2Connection(upstream, codec, owner);
  }

  #speakHttp1(upstream: UpstreamConnection, owner: PooledConnectionOwner): PooledConnection {
    const { config } = this.#options;
    const limits = { maxHeadBytes: config.maxHeadBytes, maxHeaders: config.maxHeaders };
    return new Http1Connection(upstream, { limits, hasTrailers: config.hasTrailers }, owner);
  }
}

function streamsPerConnection({ config }: HttpPoolsOptions): number {
  const most = config.http2.limits.maxConcurrentStreams;
  return config.maxRequestsPerConnection > 0 ? Math.min(most, config.maxRequestsPerConnection) : most;
}
