import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/base/clock.ts";
import { createLog } from "../../src/base/log.ts";
import { exitCode } from "../../src/cli/exit-code.ts";
import { Loads } from "../../src/fleet/loads.ts";
import { createAdminApp } from "../../src/server/admin/app.ts";
import { noRollout } from "../../src/rollout/state.ts";
import { createMetrics } from "../../src/server/metrics/metrics.ts";
import { PushDoor } from "../../src/server/push/push-door.ts";
import { PushSource } from "../../src/sources/push/push-source.ts";
import { defaultSourceLimits } from "../../src/sources/reading.ts";
import { Webhook } from "../../src/server/webhook/webhook.ts";
import { XdsCounters } from "../../src/server/metrics/xds-counters.ts";
import { idleSource } from "../server/admin/idle-source.ts";

const page = readFileSync(fileURLToPath(import.meta.resolve("#root/docs/operating.md")), "utf8");

describe("docs/operating.md", () => {
  it("has a row for every metric of ours with its labels, and none for another", async () => {
    const metrics = createMetrics({
      counters: new XdsCounters(),
      nowMs: () => 2500,
      streams: () => [{ bufferedBytes: 30 }, { bufferedBytes: 12 }],
      loads: new Loads(),
      nodes: () => [],
      served: () => undefined,
      rollout: () => noRollout,
      isReady: () => false,
      isStateKept: () => true,
      lastGoodLoadMs: () => undefined,
      git: () => ({ commit: undefined, lastFetchMs: undefined, errors: new Map() }),
      workers: () => ({ restarts: 0, hangs: 0, workers: [] }),
    });
    const names = (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
    const documented = [...page.matchAll(/^\| `(chancery_\w+)/gm)].map(([, name]) => name!);
    assert.deepEqual(documented.toSorted(), names.filter((name) => name.startsWith("chancery_")).toSorted());
  });

  it("has a row for every path of the admin API, and none for another", () => {
    const app = createAdminApp({
      source: idleSource(),
      clock: systemClock,
      pushDoor: new PushDoor({
        source: new PushSource(
          { get: () => assert.fail(), stage: () => assert.fail(), commit: () => assert.fail() },
          systemClock,
        ),
        limits: defaultSourceLimits,
        clock: systemClock,
        log: createLog("off", () => undefined),
        judge: () => assert.fail(),
        onStateError: () => assert.fail(),
      }),
      webhook: new Webhook({
        secrets: () => assert.fail(),
        target: { kind: "head" },
        poke: () => assert.fail(),
        clock: systemClock,
        log: createLog("off", () => undefined),
      }),
      allowedHosts: [],
      signal: new AbortController().signal,
    });
    const routes = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    const documented = [...page.matchAll(/`((?:GET|POST|PUT) \/[\w/:]+)/g)].map(([, route]) => route!);
    assert.deepEqual(documented.toSorted(), [...new Set(routes)].toSorted());
  });

  it("has a row for every exit code", () => {
    const documented = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    assert.deepEqual(documented, Object.values(exitCode));
  });
});
