import assert from "node:assert/strict";
import { createLog } from "../../src/base/log.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Upstreams } from "../../data-plane/network/upstream.ts";
import type { RunContext } from "../../data-plane/resources/extension.ts";
import { StatsStore } from "../../data-plane/stats/stats-store.ts";
import { FakeClock } from "../kit/fake-clock.ts";

/** What running parts are given in tests; nothing is logged. */
export function runContext(
  options: { readonly clock?: Clock; readonly upstreams?: Upstreams } = {},
): RunContext & { readonly stats: StatsStore } {
  return {
    stats: new StatsStore(),
    upstreams: options.upstreams ?? { get: () => undefined },
    clock: options.clock ?? new FakeClock(),
    random: () => 0,
    openAccessLog: () => () => undefined,
    log: createLog("off", () => undefined),
    server: { cluster: "edge", isHealthCheckFailed: false },
    subscriptions: {
      subscribe: ({ name }) => assert.fail(`nobody serves ${name}`),
      subscribeAll: ({ typeUrl }) => assert.fail(`nobody serves ${typeUrl}`),
    },
  };
}

/** The value of a counter or gauge; undefined when there is no such name. */
export function stat(stats: StatsStore, name: string): number | string | undefined {
  return stats.list().find((entry) => entry.name === name)?.value;
}

/** All counters and gauges under a prefix that are not zero. */
export function changedStats(stats: StatsStore, prefix: string): Record<string, number | string> {
  const changed = stats.list().filter(({ name, value }) => name.startsWith(prefix) && value !== 0);
  return Object.fromEntries(changed.map(({ name, value }) => [name, value]));
}
