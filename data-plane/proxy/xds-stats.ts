import { CLUSTER, LISTENER } from "../../src/schema/type-urls.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import { xxHash64 } from "../stats/xxhash64.ts";
import type { SourceView } from "../xds-client/resource-source.ts";
import type { TypeView } from "../xds-client/session.ts";

/** Where Envoy counts the updates of a type (XC-56). Endpoints are counted by the cluster that they are for. */
const scopes: Readonly<Record<string, string>> = {
  [CLUSTER]: "cluster_manager.cds",
  [LISTENER]: "listener_manager.lds",
};

const counterNames = [
  "update_attempt",
  "update_success",
  "update_failure",
  "update_rejected",
  "init_fetch_timeout",
] as const;

/** Puts the state of a source on the statistics of the proxy, under Envoy's names. */
export function publishSource(view: SourceView, stats: StatsStore): void {
  const own = view.scope === "ads" ? undefined : scopes[view.scope.typeUrl];
  const scope = own === undefined ? "control_plane" : `${own}.control_plane`;
  const { isConnected } = view;
  if (isConnected !== undefined) {
    stats.gauges(scope, ["connected_state"]).connected_state.set(isConnected ? 1 : 0);
    // Requests are never held back: `rate_limit_settings` is refused.
    stats.gauges(scope, ["pending_requests"]);
    stats.counters(scope, ["rate_limit_enforced"]);
    stats.setText(`${scope}.identifier`, view.identifier);
  }
  for (const type of view.types) publishType(type, stats);
}

function publishType({ typeUrl, version, stats: counted }: TypeView, stats: StatsStore): void {
  const scope = scopes[typeUrl];
  if (scope === undefined) return;
  const counters = stats.counters(scope, counterNames);
  counters.update_attempt = counted.updateAttempt;
  counters.update_success = counted.updateSuccess;
  counters.update_failure = counted.updateFailure;
  counters.update_rejected = counted.updateRejected;
  counters.init_fetch_timeout = counted.initFetchTimeout;
  const gauges = stats.gauges(scope, ["update_time", "version"]);
  gauges.update_time.set(counted.updateTimeMs ?? 0);
  if (counted.updateSuccess > 0) gauges.version.setExact(xxHash64(version));
  stats.histograms(scope, ["update_duration"]);
  if (typeUrl === CLUSTER) publishReloads(scope, counted, stats);
  stats.setText(`${scope}.version_text`, version);
}

/** CDS tells of its successes once more, in other words. */
function publishReloads(scope: string, counted: TypeView["stats"], stats: StatsStore): void {
  stats.counters(scope, ["config_reload"]).config_reload = counted.updateSuccess;
  stats.gauges(scope, ["config_reload_time_ms"]).config_reload_time_ms.set(counted.updateTimeMs ?? 0);
}
