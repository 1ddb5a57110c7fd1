import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "../../../src/base/log.ts";
import { SCOPED_ROUTE_CONFIGURATION } from "../../../src/schema/type-urls.ts";
import { SubscriptionCounters } from "../../../data-plane/proxy/subscription-counters.ts";
import { WatchedCollection } from "../../../data-plane/proxy/watched-collection.ts";
import { parsed } from "../../../data-plane/resources/parsed.ts";
import type { CollectionWatch } from "../../../data-plane/resources/subscriptions.ts";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { updateOf } from "./proxy-kit.ts";

const SCOPE = "envoy.config.route.v3.ScopedRouteConfiguration";

/** A scope whose key is the text. */
const scope = (name: string, key: string) =>
  `{name: ${name}, route_configuration_name: r, key: {fragments: [{string_key: ${key}}]}}`;

function scene() {
  const counters = new SubscriptionCounters(new StatsStore(), "srds");
  const collection = new WatchedCollection(
    counters,
    new FakeClock(),
    createLog("off", () => undefined),
  );
  const seen: string[] = [];
  const watch: CollectionWatch<string> = {
    typeUrl: SCOPED_ROUTE_CONFIGURATION,
    source: { ads: {} },
    statScope: "srds",
    parse: ({ key }) => parsed(JSON.stringify(key), []),
    keyOf: (key) => key,
    conflictText: (first, second) => `${second} is like ${first}`,
    onUpdate: (values) => seen.push([...values.keys()].join(" ")),
  };
  const apply = (resources: Readonly<Record<string, string>>, removed: readonly string[] = []) =>
    collection.apply(updateOf(SCOPE, resources, removed));
  return { collection, seen, watch, apply };
}

describe("a collection that is watched as a whole", () => {
  it("shows all that is there after each change, and to who comes later", async () => {
    const { collection, seen, watch, apply } = scene();
    collection.join(watch);
    await apply({ a: scope("a", "x"), b: scope("b", "w") });
    await apply({ c: scope("c", "z") }, ["a"]);
    await apply({ c: scope("c", "z") });
    assert.deepEqual(seen, ["a b", "b c"], "what has not changed is no change");
    collection.join(watch);
    assert.deepEqual(seen.at(-1), "b c");
  });

  it("refuses the second of two with one key, and takes the rest", async () => {
    const { collection, seen, watch, apply } = scene();
    collection.join(watch);
    await apply({ a: scope("a", "x") });
    const { refused } = await apply({ b: scope("b", "x"), c: scope("c", "z") });
    assert.deepEqual(refused, [{ name: "b", reason: "b is like a" }]);
    assert.deepEqual(seen, ["a", "a c"]);
  });

  it("lets two exchange their keys in one update, and one take that of another that goes", async () => {
    const { collection, watch, apply } = scene();
    collection.join(watch);
    await apply({ a: scope("a", "x"), b: scope("b", "w") });
    assert.deepEqual(await apply({ a: scope("a", "w"), b: scope("b", "x") }), { refused: [] });
    assert.deepEqual(await apply({ c: scope("c", "w") }, ["a"]), { refused: [] });
  });

  it("answers when the first answer is here, or is waited for no longer", async () => {
    const { collection, watch, apply } = scene();
    let answers = 0;
    collection.join(watch).whenAnswered(() => (answers += 1));
    const closed = collection.join(watch);
    closed.whenAnswered(() => (answers += 10));
    closed.close();
    collection.fetchEnded([], "timeout");
    await apply({});
    assert.equal(answers, 1);
  });
});
