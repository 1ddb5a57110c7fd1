import type { Problem } from "../../src/base/problem.ts";
import { headerOf } from "../http/routes/route-match.ts";
import { localReply, type RequestHead, type ResponseHead } from "../network/http-message.ts";
import type { Extension, RunContext } from "../resources/extension.ts";
import { headerMatcherSupport, parseHeaderMatcher, type HeaderTest } from "../resources/header-match.ts";
import type {
  HttpFilter,
  HttpFilterStream,
  HttpStreamView,
  RequestVerdict,
} from "../resources/http-filter.ts";
import { goOn } from "../resources/http-filter.ts";
import { asType } from "../resources/message-type.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";
import { durationMs, wrapped } from "../resources/values.ts";

const typeName = "envoy.extensions.filters.http.health_check.v3.HealthCheck";

const support: SupportTable = {
  pass_through_mode: true,
  cache_time: true,
  cluster_min_healthy_percentages: true,
  headers: headerMatcherSupport,
};

const counterNames = [
  "cached_response",
  "degraded",
  "failed",
  "failed_cluster_empty",
  "failed_cluster_not_found",
  "failed_cluster_unhealthy",
  "ok",
  "request_total",
] as const;

type HealthCheckCounters = Record<(typeof counterNames)[number], number>;

interface HealthCheckConfig {
  readonly headers: readonly HeaderTest[];
  readonly passesThrough: boolean;
  /** 0: what the upstream says is not kept. */
  readonly cacheMs: number;
  /** Cluster → what share of its hosts must be healthy, in percent. */
  readonly minimums: readonly (readonly [cluster: string, percent: number])[];
}

/** What the upstream said last. It counts until the end of the present period of `cache_time`; periods begin with the filter. */
class CachedAnswer {
  readonly #periodMs: number;
  readonly #startedAtMs: number;
  #period = -1;
  #answer: { readonly status: number; readonly isDegraded: boolean } = { status: 200, isDegraded: false };

  constructor(periodMs: number, nowMs: number) {
    this.#periodMs = periodMs;
    this.#startedAtMs = nowMs;
  }

  set(status: number, isDegraded: boolean, nowMs: number): void {
    this.#period = this.#periodAt(nowMs);
    this.#answer = { status, isDegraded };
  }

  get(nowMs: number): { readonly status: number; readonly isDegraded: boolean } | undefined {
    return this.#period === this.#periodAt(nowMs) ? this.#answer : undefined;
  }

  #periodAt(nowMs: number): number {
    return Math.floor((nowMs - this.#startedAtMs) / this.#periodMs);
  }
}

/** `envoy.filters.http.health_check`: answers health checks of this proxy, by itself or out of what the service behind it says. */
export const httpHealthCheck: Extension<HttpFilter> = {
  typeName,
  parse(message, _context, path) {
    const filter = asType(typeName, message);
    const problems: Problem[] = [...unsupportedFields(message, support, path)];
    const minimums = Object.entries(filter.cluster_min_healthy_percentages ?? {});
    const config: HealthCheckConfig = {
      headers: (filter.headers ?? []).map((matcher, index) =>
        parseHeaderMatcher(matcher, `${path}.headers[${index}]`, problems),
      ),
      passesThrough: wrapped(filter.pass_through_mode, false, false),
      cacheMs: durationMs(filter.cache_time, 0),
      minimums: minimums.map(([cluster, { value = 0 }]) => [cluster, value] as const),
    };
    if (!config.passesThrough && config.cacheMs > 0) {
      const rule = "cache_time_ms must not be set when path_through_mode is disabled";
      problems.push(refuse(`${path}.cache_time`, rule));
    }
    if (config.passesThrough && minimums.length > 0) {
      const rule = "cluster_min_healthy_percentages must not be set when path_through_mode is enabled";
      problems.push(refuse(`${path}.cluster_min_healthy_percentages`, rule));
    }
    return parsed((run, scope) => {
      const counters = run.stats.counters(`${scope}.health_check`, counterNames);
      const cached = config.cacheMs > 0 ? new CachedAnswer(config.cacheMs, run.clock.monotonic()) : undefined;
      return { kind: "stream", open: (view) => new HealthCheckStream(config, cached, counters, view, run) };
    }, problems);
  },
};

class HealthCheckStream implements HttpFilterStream {
  readonly #config: HealthCheckConfig;
  readonly #cached: CachedAnswer | undefined;
  readonly #counters: HealthCheckCounters;
  readonly #view: HttpStreamView;
  readonly #run: RunContext;
  #isCheck = false;
  /** The answer comes from the service. */
  #isPassed = false;

  constructor(
    config: HealthCheckConfig,
    cached: CachedAnswer | undefined,
    counters: HealthCheckCounters,
    view: HttpStreamView,
    run: RunContext,
  ) {
    this.#config = config;
    this.#cached = cached;
    this.#counters = counters;
    this.#view = view;
    this.#run = run;
  }

  onRequestHead(head: RequestHead): RequestVerdict {
    const get = (name: string) => headerOf(head, name);
    this.#isCheck = this.#config.headers.every((test) => test(get));
    if (!this.#isCheck) return goOn;
    this.#view.markHealthCheck();
    const { isHealthCheckFailed } = this.#run.server;
    const cached = this.#cached?.get(this.#run.clock.monotonic());
    if (this.#config.passesThrough && !isHealthCheckFailed && !cached) {
      this.#isPassed = true;
      return goOn;
    }
    this.#counters.request_total += 1;
    if (isHealthCheckFailed) return this.#answer(503, "health_check_failed", false);
    if (cached) {
      this.#counters.cached_response += 1;
      if (cached.isDegraded) this.#counters.degraded += 1;
      return this.#answer(cached.status, "health_check_cached", cached.isDegraded);
    }
    const { status, details } = this.#judgeClusters();
    return this.#answer(status, details, false);
  }

  onResponseHead({ status, headers }: ResponseHead): void {
    const { server, clock } = this.#run;
    if (this.#isCheck) {
      if (this.#isPassed) this.#cached?.set(status, headers.has("x-envoy-degraded"), clock.monotonic());
      headers.set("x-envoy-upstream-healthchecked-cluster", server.cluster);
    }
    if (server.isHealthCheckFailed) headers.set("x-envoy-immediate-health-check-fail", "true");
  }

  #answer(status: number, details: string, isDegraded: boolean): RequestVerdict {
    const isFailed = status < 200 || status >= 300;
    this.#counters[isFailed ? "failed" : "ok"] += 1;
    if (isFailed) this.#view.addResponseFlag("LH");
    const headers = isDegraded ? ([["x-envoy-degraded", ""]] as const) : [];
    return { kind: "reply", reply: localReply(status, details, "", headers) };
  }

  /** Each cluster that is named must be there, and healthy enough. */
  #judgeClusters(): { readonly status: number; readonly details: string } {
    const { minimums } = this.#config;
    for (const [name, percent] of minimums) {
      const membership = this.#run.upstreams.get(name)?.membership;
      if (!membership) {
        this.#counters.failed_cluster_not_found += 1;
        return { status: 503, details: "health_check_failed_no_cluster_found" };
      }
      const { total, available } = membership;
      if (total === 0) {
        if (percent === 0) continue;
        this.#counters.failed_cluster_empty += 1;
        return { status: 503, details: "health_check_failed_cluster_empty" };
      }
      if (100 * available < total * percent) {
        this.#counters.failed_cluster_unhealthy += 1;
        return { status: 503, details: "health_check_failed_cluster_unhealthy" };
      }
    }
    return {
      status: 200,
      details: minimums.length > 0 ? "health_check_ok_cluster_healthy" : "health_check_ok",
    };
  }
}
