import assert from "node:assert/strict";
import { Socket } from "node:net";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { connectionLimit } from "../../../data-plane/filters/connection-limit.ts";
import {
  listenerLocalRateLimit,
  networkLocalRateLimit,
} from "../../../data-plane/filters/local-ratelimit.ts";
import { originalDst } from "../../../data-plane/filters/original-dst.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import type { DownstreamConnection, NetworkFilter } from "../../../data-plane/resources/extension.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";
import { changedStats, runContext } from "../run-kit.ts";

const LISTENER_LIMIT = "envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit";
const NETWORK_LIMIT = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";
const CONNECTION_LIMIT = "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit";

const own = socketAddress("127.0.0.1", 1)!;
const bucket = "token_bucket: {max_tokens: 1, tokens_per_fill: 1, fill_interval: 1s}";

function connection(): DownstreamConnection {
  return {
    info: new ConnectionInfo(1, own, own),
    socket: new Socket(),
    early: Buffer.alloc(0),
    bufferLimitBytes: 1,
    drain: { drainClose: () => false },
  };
}

function admit(filter: NetworkFilter, arrived = connection()) {
  assert.ok(filter.kind === "gate");
  return filter.admit(arrived);
}

function rateLimitScene(yaml: string, runtime: Readonly<Record<string, boolean>> = {}) {
  const clock = new FakeClock();
  const run = runContext({ clock });
  const parsed = listenerLocalRateLimit.parse(message(LISTENER_LIMIT, yaml), parseContext(runtime), "f");
  const filter = valueOf(parsed)(run, "listener.l");
  const open = () => filter.open(connection().info)(Buffer.alloc(0)).kind;
  return { clock, open, stats: () => changedStats(run.stats, "") };
}

describe("the listener filter local_ratelimit", () => {
  it("closes what comes too fast, and counts it", () => {
    const { clock, open, stats } = rateLimitScene(`{stat_prefix: edge, ${bucket}}`);
    assert.deepEqual([open(), open()], ["continue", "close"]);
    clock.advance(1000);
    assert.equal(open(), "continue");
    assert.deepEqual(stats(), { "listener_local_ratelimit.edge.rate_limited": 1 });
  });

  it("does nothing while runtime_enabled is off", () => {
    const flag = "runtime_enabled: {default_value: true, runtime_key: limit.on}";
    const { open } = rateLimitScene(`{stat_prefix: edge, ${bucket}, ${flag}}`, { "limit.on": false });
    assert.deepEqual([open(), open()], ["continue", "continue"]);
  });

  it("refuses a bucket that fills faster than every 50 ms, in Envoy's words", () => {
    const yaml = "{stat_prefix: edge, token_bucket: {max_tokens: 1, fill_interval: 0.049s}}";
    const result = listenerLocalRateLimit.parse(message(LISTENER_LIMIT, yaml), parseContext(), "f");
    assert.deepEqual(problemsOf(result), [
      "f.token_bucket.fill_interval: local rate limit token bucket fill timer must be >= 50ms",
    ]);
  });
});

describe("the network filter local_ratelimit", () => {
  it("closes what comes too fast, and counts it", () => {
    const run = runContext();
    const yaml = `{stat_prefix: edge, ${bucket}}`;
    const filter = valueOf(networkLocalRateLimit.parse(message(NETWORK_LIMIT, yaml), parseContext(), "f"))(
      run,
      "",
    );
    assert.deepEqual([admit(filter), admit(filter)], ["continue", "close"]);
    assert.deepEqual(changedStats(run.stats, ""), { "local_rate_limit.edge.rate_limited": 1 });
  });

  it("refuses share_key by name", () => {
    const yaml = `{stat_prefix: edge, ${bucket}, share_key: k}`;
    const result = networkLocalRateLimit.parse(message(NETWORK_LIMIT, yaml), parseContext(), "f");
    assert.deepEqual(problemsOf(result), ["f.share_key: not supported by the bundled data plane"]);
  });
});

function connectionLimitScene(more = "") {
  const run = runContext();
  const yaml = `{stat_prefix: edge, max_connections: 1, ${more}}`;
  const filter = valueOf(connectionLimit.parse(message(CONNECTION_LIMIT, yaml), parseContext(), "f"))(
    run,
    "",
  );
  return { filter, stats: () => changedStats(run.stats, "") };
}

describe("the network filter connection_limit", () => {
  it("closes what is too much, until another connection is over", () => {
    const { filter, stats } = connectionLimitScene();
    const [first, second] = [connection(), connection()];
    assert.deepEqual([admit(filter, first), admit(filter, second)], ["continue", "close"]);
    assert.deepEqual(stats(), {
      "connection_limit.edge.active_connections": 2,
      "connection_limit.edge.limited_connections": 1,
    });
    second.socket.emit("close");
    first.socket.emit("close");
    assert.equal(admit(filter), "continue");
    assert.equal(stats()["connection_limit.edge.active_connections"], 1);
  });

  it("lets them wait for their end", () => {
    const { filter } = connectionLimitScene("delay: 0.5s");
    admit(filter);
    assert.deepEqual(admit(filter), { closeAfterMs: 500 });
  });
});

describe("the listener filter original_dst", () => {
  it("is refused, with the reason", () => {
    const [problem] = problemsOf(originalDst.parse({}, parseContext(), "f"));
    assert.match(problem ?? "", /^f: SO_ORIGINAL_DST, which Node\.js cannot read .* is not supported/);
  });
});
