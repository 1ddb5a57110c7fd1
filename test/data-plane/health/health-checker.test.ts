import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { HostFlags } from "../../../data-plane/clusters/host-health.ts";
import type { DialForCheck } from "../../../data-plane/health/check-connection.ts";
import type { CheckableHost, CheckResult } from "../../../data-plane/health/health-checker.ts";
import { HealthChecker } from "../../../data-plane/health/health-checker.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { parseHealthChecks } from "../../../data-plane/resources/health-check.ts";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { message, parseContext } from "../parse-kit.ts";
import { changedStats } from "../run-kit.ts";

/** A dial that a test answers: what was asked for, and whether it was given up. */
interface Dialled {
  readonly port: number;
  readonly connected: Parameters<DialForCheck>[0];
  readonly fail: () => void;
  isCancelled: boolean;
}

function host(
  port: number,
  more: { checkPort?: number; isDisabled?: boolean } = {},
): CheckableHost<HostFlags> {
  return {
    address: socketAddress("127.0.0.1", port)!,
    hostname: "",
    metadata: { filter: new Map(), typed: new Map() },
    locality: { region: "", zone: "", subZone: "" },
    flags: new HostFlags(),
    check: {
      address: socketAddress("127.0.0.1", more.checkPort ?? port)!,
      hostname: "",
      isDisabled: more.isDisabled ?? false,
    },
  };
}

/** A checker of TCP connections only, whose dials are answered by the test. */
function scene(more = "", keepsPassingHosts = true) {
  const typeName = "envoy.config.cluster.v3.Cluster";
  const yaml = `{name: c, health_checks: [{timeout: 1s, interval: 10s, unhealthy_interval: 5s, healthy_threshold: 2,
    unhealthy_threshold: 2, tcp_health_check: {}${more}}]}`;
  const { value: config } = parseHealthChecks(
    asType(typeName, message(typeName, yaml)),
    false,
    parseContext(),
    "",
  );
  assert.ok(config);
  const clock = new FakeClock();
  const stats = new StatsStore();
  const dialled: Dialled[] = [];
  const results: CheckResult[] = [];
  const checker = new HealthChecker<HostFlags>({
    config,
    cluster: "c",
    scope: "cluster.c",
    stats,
    clock,
    random: () => 0,
    ignoresUncheckedHosts: false,
    keepsPassingHosts,
    scheme: "http",
    hasTraffic: () => true,
    dial: (_host, address) => (connected, fail) => {
      const entry: Dialled = {
        port: address.family === "pipe" ? 0 : address.port,
        connected,
        fail,
        isCancelled: false,
      };
      dialled.push(entry);
      return () => {
        entry.isCancelled = true;
      };
    },
    writeEvent: undefined,
    onResult: (_flags, result) => results.push(result),
  });
  return { checker, clock, stats, dialled, results };
}

/** Answers a dial with a connection that is as good as any: these checks only want one. */
async function pass(dial: Dialled): Promise<void> {
  await using pair = await socketPair();
  const remote = socketAddress("127.0.0.1", dial.port)!;
  dial.connected({ socket: pair.socket, local: remote, remote, header: undefined });
}

async function socketPair(): Promise<{ readonly socket: Socket } & AsyncDisposable> {
  const server: Server = createServer((accepted) => accepted.on("error", () => accepted.destroy()).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const socket = connect(address.port, "127.0.0.1");
  await once(socket, "connect");
  return {
    socket,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

describe("HealthChecker", () => {
  it("has hosts count as failed until their first check, which decides", async () => {
    const { checker, dialled, stats, results } = scene();
    const a = host(1);
    let isChecked = false;
    checker.update([a]);
    assert.equal(a.flags.text, "/failed_active_hc");
    assert.equal(dialled.length, 0, "nothing is checked before the start");
    checker.start(() => (isChecked = true));
    assert.equal(isChecked, false);
    await pass(dialled[0]!);
    assert.equal(a.flags.text, "healthy");
    assert.equal(isChecked, true);
    assert.deepEqual(results, [{ hasPassed: true, isChanged: true, isFailed: false }]);
    assert.deepEqual(changedStats(stats, "cluster.c.health_check"), {
      "cluster.c.health_check.attempt": 1,
      "cluster.c.health_check.success": 1,
      "cluster.c.health_check.healthy": 1,
    });
  });

  it("waits for each host's first check, passed or failed, or for the host to go", async () => {
    const { checker, dialled } = scene();
    let checked = 0;
    const [a, b, c] = [host(1), host(2), host(3)];
    checker.update([a, b, c]);
    checker.start(() => (checked += 1));
    dialled[0]!.fail();
    await pass(dialled[1]!);
    assert.equal(checked, 0);
    checker.update([a, b]);
    assert.equal(checked, 1);
    assert.equal(dialled[2]!.isCancelled, true, "the check in flight is given up");
  });

  it("is done at once when there is nothing to check", () => {
    const { checker } = scene();
    let checked = 0;
    checker.update([host(1, { isDisabled: true })]);
    checker.start(() => (checked += 1));
    assert.equal(checked, 1);
  });

  it("checks again after the interval of the host's state", async () => {
    const { checker, clock, dialled } = scene();
    checker.update([host(1), host(2)]);
    checker.start(() => undefined);
    await pass(dialled[0]!);
    dialled[1]!.fail();
    clock.advance(4999);
    assert.equal(dialled.length, 2);
    clock.advance(1);
    assert.deepEqual(
      dialled.map(({ port }) => port),
      [1, 2, 2],
      "the failed one comes after 5 s",
    );
    clock.advance(5000);
    assert.deepEqual(dialled.map(({ port }) => port).filter((port) => port === 1).length, 2);
  });

  it("gives a check up after the timeout, and tells it from other failures", () => {
    const { checker, clock, dialled, stats } = scene();
    const a = host(1);
    checker.update([a]);
    checker.start(() => undefined);
    clock.advance(1000);
    assert.equal(dialled[0]!.isCancelled, true);
    assert.equal(a.flags.text, "/failed_active_hc/active_hc_timeout");
    assert.deepEqual(changedStats(stats, "cluster.c.health_check"), {
      "cluster.c.health_check.attempt": 1,
      "cluster.c.health_check.failure": 1,
      "cluster.c.health_check.network_failure": 1,
    });
  });

  it("leaves no timer behind for hosts that are gone, or when it stops", async () => {
    const { checker, clock, dialled, stats } = scene();
    const [a, b] = [host(1), host(2)];
    checker.update([a, b]);
    checker.start(() => undefined);
    await pass(dialled[0]!);
    checker.update([a]);
    assert.equal(clock.pending, 1, "the pause of the host that is left");
    assert.equal(dialled[1]!.isCancelled, true);
    checker.stop();
    assert.equal(clock.pending, 0);
    assert.equal(
      changedStats(stats, "cluster.c.health_check.healthy")["cluster.c.health_check.healthy"],
      undefined,
    );
    assert.equal(a.flags.text, "healthy", "the health that a host has stays");
    checker.update([host(3)]);
    assert.equal(dialled.length, 2, "a stopped checker checks nobody");
  });

  it("keeps the health and the pause of a host over updates", async () => {
    const { checker, clock, dialled } = scene();
    const a = host(1);
    checker.update([a]);
    checker.start(() => undefined);
    await pass(dialled[0]!);
    clock.advance(6000);
    checker.update([{ ...a }]);
    assert.equal(a.flags.text, "healthy");
    clock.advance(4000);
    assert.equal(dialled.length, 2);
  });

  for (const [keeps, flags] of [
    [true, "healthy"],
    [false, "/failed_active_hc"],
  ] as const) {
    it(`begins anew with a host that is checked elsewhere, which is ${flags} until then`, async () => {
      const { checker, dialled, stats } = scene("", keeps);
      const a = host(1);
      checker.update([a]);
      checker.start(() => undefined);
      await pass(dialled[0]!);
      checker.update([{ ...a, check: { ...a.check, address: socketAddress("127.0.0.1", 9)! } }]);
      assert.equal(a.flags.text, flags);
      assert.equal(dialled[1]?.port, 9);
      await pass(dialled[1]);
      assert.equal(a.flags.text, "healthy");
      const healthy = changedStats(stats, "cluster.c.health_check.healthy");
      assert.deepEqual(healthy, { "cluster.c.health_check.healthy": 1 });
    });
  }

  it("clears what checks said of a host that is to be checked no more", async () => {
    const { checker, dialled } = scene();
    const a = host(1);
    checker.update([a]);
    checker.start(() => undefined);
    dialled[0]!.fail();
    assert.equal(a.flags.text, "/failed_active_hc");
    checker.update([{ ...a, check: { ...a.check, isDisabled: true } }]);
    assert.equal(a.flags.text, "healthy");
  });

  it("fails a host at once whose response asked for it, and goes on checking", async () => {
    const { checker, clock, dialled, stats } = scene();
    const a = host(1);
    checker.update([a]);
    checker.start(() => undefined);
    await pass(dialled[0]!);
    checker.failPassively(a.flags);
    assert.equal(a.flags.text, "/failed_active_hc/excluded_via_immediate_hc_fail");
    assert.equal(changedStats(stats, "cluster.c.health_check")["cluster.c.health_check.passive_failure"], 1);
    clock.advance(10_000);
    assert.equal(dialled.length, 2, "the next check comes when it was due");
  });

  it("spreads the first checks over the initial jitter", () => {
    const { checker, clock, dialled } = scene(", initial_jitter: 1s");
    checker.update([host(1)]);
    checker.start(() => undefined);
    assert.equal(dialled.length, 0);
    clock.advance(1);
    assert.equal(dialled.length, 1);
  });
});
