import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "../../../src/base/log.ts";
import type { Message } from "../../../src/schema/message.ts";
import { ROUTE_CONFIGURATION } from "../../../src/schema/type-urls.ts";
import { SubscribedResources } from "../../../data-plane/proxy/subscribed-resources.ts";
import { OwnedSubscriptions } from "../../../data-plane/resources/owned-subscriptions.ts";
import { parsed, refuse } from "../../../data-plane/resources/parsed.ts";
import type { ResourceWatch } from "../../../data-plane/resources/subscriptions.ts";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";
import type { ResourceConsumer } from "../../../data-plane/xds-client/update.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { changedStats } from "../run-kit.ts";
import { updateOf } from "./proxy-kit.ts";

const ROUTES = "envoy.config.route.v3.RouteConfiguration";

/** Subscribed resources whose client is this test: it sees what goes on the wire and plays the server. */
function scene() {
  const wire: string[] = [];
  const stats = new StatsStore();
  const consumers = new Map<string, ResourceConsumer>();
  const subscribed = new SubscribedResources({
    client: {
      consume: (typeUrl, consumer, source) => consumers.set(`${typeUrl} ${JSON.stringify(source)}`, consumer),
      refusalOf: () => undefined,
      streamOf: (_typeUrl, source) => JSON.stringify(source),
      subscribeAllFrom: () => undefined,
      subscribe: (_typeUrl, resource, source) => {
        const name = source["ads"] ? resource : `${resource} of ${Object.keys(source).join(" ")}`;
        wire.push(`+${name}`);
        return { refresh: () => wire.push(`refresh ${name}`), close: () => wire.push(`-${name}`) };
      },
    },
    stats,
    clock: new FakeClock(),
    log: createLog("off", () => undefined),
  });
  const consumer = (source: Message = { ads: {} }) => {
    const found = consumers.get(`${ROUTE_CONFIGURATION} ${JSON.stringify(source)}`);
    assert.ok(found);
    return found;
  };
  return {
    subscribed,
    stats,
    wire,
    consumer,
    answer: (
      resources: Readonly<Record<string, string>>,
      removed: readonly string[] = [],
      source: Message = { ads: {} },
    ) => Promise.resolve(consumer(source).apply(updateOf(ROUTES, resources, removed))),
  };
}

/** A watch that notes the ignore_port setting of what it takes, and refuses configurations without virtual hosts. */
function watch(name: string, taken: string[], note = name): ResourceWatch<string> {
  return {
    typeUrl: ROUTE_CONFIGURATION,
    name,
    source: { ads: {} },
    statScope: `http.web.rds.${name}`,
    parse: (message) =>
      message["virtual_hosts"] === undefined
        ? { problems: [refuse("virtual_hosts", "is empty")] }
        : parsed(JSON.stringify(message["virtual_hosts"]).length > 40 ? "long" : "short", []),
    onUpdate: (value, { version }) => taken.push(`${note} ${value} ${version}`),
  };
}

const short = (name: string) => `{name: ${name}, virtual_hosts: [{name: a, domains: [a]}]}`;
const long = (name: string) => `{name: ${name}, virtual_hosts: [{name: aaaaaaaa, domains: [bbbbbbbbbbbbb]}]}`;

describe("subscriptions to resources by name", () => {
  // Envoy keys what it follows by name and ConfigSource; one name of two servers was once served from the first of them for both.
  it("keeps one name of two sources apart", async () => {
    const { subscribed, wire, answer } = scene();
    const taken: string[] = [];
    const other = { api_config_source: {} };
    const first = subscribed.subscribe(watch("r", taken, "first"));
    const second = subscribed.subscribe({ ...watch("r", taken, "second"), source: other });
    assert.deepEqual(wire, ["+r", "+r of api_config_source"]);
    await answer({ r: short("r") });
    assert.deepEqual(taken, ["first short 1"]);
    await answer({ r: long("r") }, [], other);
    assert.deepEqual(taken, ["first short 1", "second long 1"]);
    assert.equal(subscribed.records(ROUTE_CONFIGURATION).list().length, 2);
    first.close();
    assert.deepEqual(wire.slice(2), ["-r"]);
    assert.equal(subscribed.records(ROUTE_CONFIGURATION).list().length, 1);
    second.close();
  });

  it("gives a version to everybody who watches the name, over one subscription on the wire", async () => {
    const { subscribed, wire, answer } = scene();
    const taken: string[] = [];
    const first = subscribed.subscribe(watch("r", taken, "first"));
    const second = subscribed.subscribe(watch("r", taken, "second"));
    assert.deepEqual(await answer({ r: short("r") }), { refused: [] });
    assert.deepEqual(taken, ["first short 1", "second short 1"]);
    first.close();
    assert.deepEqual(wire, ["+r"]);
    second.close();
    second.close();
    assert.deepEqual(wire, ["+r", "-r"]);
  });

  it("forgets its statistics when nobody watches the name any more (XC-56)", async () => {
    const { subscribed, stats, answer } = scene();
    const names = () => stats.list().filter(({ name }) => name.startsWith("http.web.rds.r"));
    const first = subscribed.subscribe(watch("r", []));
    const second = subscribed.subscribe(watch("r", []));
    const other = subscribed.subscribe({ ...watch("r", []), source: { api_config_source: {} } });
    await answer({ r: short("r") });
    first.close();
    second.close();
    assert.notDeepEqual(names(), []);
    other.close();
    assert.deepEqual(names(), []);
  });

  it("gives who comes later what is held, at once", async () => {
    const { subscribed, answer } = scene();
    const taken: string[] = [];
    subscribed.subscribe(watch("r", []));
    await answer({ r: short("r") });
    const hold = subscribed.subscribe(watch("r", taken));
    assert.deepEqual(taken, ["r short 1"]);
    let isAnswered = false;
    hold.whenAnswered(() => (isAnswered = true));
    assert.equal(isAnswered, true);
  });

  it("refuses a bad version by name, keeps the last good one and takes the good ones beside it, whatever their order (XC-28, XC-29)", async () => {
    const { subscribed, stats, answer } = scene();
    const taken: string[] = [];
    for (const name of ["r", "s", "t"]) subscribed.subscribe(watch(name, taken));
    await answer({ r: short("r"), s: short("s") });
    const { refused } = await answer({ r: "{name: r}", s: long("s") });
    assert.deepEqual(refused, [{ name: "r", reason: "virtual_hosts: is empty" }]);
    assert.deepEqual(taken, ["r short 1", "s short 1", "s long 1"]);
    const record = subscribed
      .records(ROUTE_CONFIGURATION)
      .list()
      .find(({ name }) => name === "r");
    assert.equal(record?.errorState?.details, "virtual_hosts: is empty");
    assert.ok(record?.message);
    // XC-27: counted on every subscription of the type, also those not concerned.
    assert.equal(changedStats(stats, "http.web.rds.t")["http.web.rds.t.update_rejected"], 1);
  });

  it("leaves alone what has not changed, whatever its version (XC-32)", async () => {
    const { subscribed, stats, answer } = scene();
    const taken: string[] = [];
    subscribed.subscribe(watch("r", taken));
    await answer({ r: short("r") });
    await answer({ r: short("r") });
    assert.deepEqual(taken, ["r short 1"]);
    assert.equal(changedStats(stats, "http.web.rds.r")["http.web.rds.r.update_success"], 2);
  });

  it("keeps what the server removes, yet waits for it no longer (XC-46)", async () => {
    const { subscribed, answer } = scene();
    const taken: string[] = [];
    const hold = subscribed.subscribe(watch("r", taken));
    let isAnswered = false;
    hold.whenAnswered(() => (isAnswered = true));
    await answer({}, ["r"]);
    assert.equal(isAnswered, true);
    await answer({ r: short("r") });
    await answer({}, ["r"]);
    assert.ok(
      subscribed
        .records(ROUTE_CONFIGURATION)
        .list()
        .find(({ name }) => name === "r")?.message,
    );
  });

  it("counts an ended stream and a timeout on the names that they concern (XC-13, XC-18)", () => {
    const { subscribed, stats, consumer } = scene();
    subscribed.subscribe(watch("r", []));
    subscribed.subscribe(watch("s", []));
    consumer().streamFailed?.();
    consumer().fetchEnded(["r"], "timeout");
    assert.deepEqual(changedStats(stats, "http.web.rds"), {
      "http.web.rds.r.init_fetch_timeout": 1,
      "http.web.rds.r.update_attempt": 3,
      "http.web.rds.r.update_failure": 1,
      "http.web.rds.s.update_attempt": 2,
      "http.web.rds.s.update_failure": 1,
    });
  });
});

describe("subscriptions of one owner", () => {
  it("are ready when all of them are answered, in whatever way", async () => {
    const { subscribed, answer, consumer } = scene();
    const owned = new OwnedSubscriptions(subscribed);
    const atFirst = owned.ready;
    assert.equal(atFirst, undefined);
    owned.subscribe(watch("r", []));
    owned.subscribe(watch("s", []));
    let isReady = false;
    const ready = owned.ready?.then(() => (isReady = true));
    await answer({ r: short("r") });
    assert.equal(isReady, false);
    consumer().fetchEnded(["s"], "timeout");
    await ready;
    assert.equal(owned.ready, undefined);
  });

  it("waits for what an answer leads to", async () => {
    const { subscribed, answer } = scene();
    const owned = new OwnedSubscriptions(subscribed);
    owned.subscribe({ ...watch("r", []), onUpdate: () => void owned.subscribe(watch("s", [])) });
    await answer({ r: short("r") });
    assert.ok(owned.ready);
    await answer({ s: short("s") });
    assert.equal(owned.ready, undefined);
  });

  it("ends all of them, and whoever waits for them", async () => {
    const { subscribed, wire } = scene();
    const owned = new OwnedSubscriptions(subscribed);
    owned.subscribe(watch("r", []));
    owned.subscribe(watch("s", []));
    const { ready } = owned;
    owned.close();
    await ready;
    assert.deepEqual(wire, ["+r", "+s", "-r", "-s"]);
  });
});
