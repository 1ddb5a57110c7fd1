import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { XdsHub, type WorkerLink } from "../../../data-plane/workers/xds-hub.ts";
import type { XdsFromWorker, XdsToWorker } from "../../../data-plane/workers/messages.ts";
import type { Refusal, ResourceConsumer, Update } from "../../../data-plane/xds-client/update.ts";

const TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const NAMED = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
const ECDS = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";

/** An update of these names. */
function update(typeUrl: string, names: readonly string[], removed: readonly string[] = []): Update {
  const resources = names.map((name) => {
    const value = Buffer.from(name);
    return [name, { name, version: "1", value, message: {} }] as const;
  });
  return { typeUrl, version: "1", resources: new Map(resources), removed };
}

/** A worker that keeps what it is sent, and answers when the test says so. */
class ScriptedWorker implements WorkerLink {
  readonly received: XdsToWorker[] = [];
  readonly #hub: XdsHub;

  constructor(hub: XdsHub) {
    this.#hub = hub;
  }

  sendXds(message: XdsToWorker): void {
    this.received.push(message);
  }

  says(message: XdsFromWorker): void {
    this.#hub.take(this, message);
  }

  /** The names of the last update that it was sent. */
  get names(): readonly string[] {
    const last = this.received.findLast((message) => message.kind === "apply");
    return last?.update.resources.map(({ name }) => name) ?? [];
  }

  verdict(refused: readonly Refusal[] = [], isWarming = false): void {
    const last = this.received.findLast((message) => message.kind === "apply");
    this.says({ kind: "verdict", id: last?.id ?? 0, refused, isWarming });
  }

  warmed(): void {
    const last = this.received.findLast((message) => message.kind === "apply");
    this.says({ kind: "warmed", id: last?.id ?? 0 });
  }
}

/** A hub whose client writes down what goes on the wire. */
function scene() {
  const wire: string[] = [];
  const consumers = new Map<string, ResourceConsumer>();
  const hub = new XdsHub({
    plans: new Map(),
    client: {
      consume: (typeUrl, consumer, source = {}) => {
        consumers.set(["own" in source ? "own " : "", typeUrl].join(""), consumer);
      },
      streamOf: (_typeUrl, source) => Object.keys(source).join(" "),
      subscribeAll: () => wire.push("+*"),
      subscribeAllFrom: () => wire.push("+* from"),
      subscribe: (_typeUrl, name) => {
        wire.push(`+${name}`);
        return { refresh: () => wire.push(`refresh ${name}`), close: () => wire.push(`-${name}`) };
      },
    },
  });
  return {
    hub,
    wire,
    worker: () => new ScriptedWorker(hub),
    apply: (changed: Update) => consumers.get(changed.typeUrl)!.apply(changed),
    applyOwn: (changed: Update) => consumers.get(`own ${changed.typeUrl}`)!.apply(changed),
    fetchEnded: (typeUrl: string) => consumers.get(typeUrl)!.fetchEnded([], "timeout"),
  };
}

/** Lets what is ready to go on do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function followers(bench: ReturnType<typeof scene>, count: number): Promise<ScriptedWorker[]> {
  const workers = Array.from({ length: count }, () => bench.worker());
  for (const worker of workers) worker.says({ kind: "subscribe-all", typeUrl: TYPE, source: {} });
  await settled();
  return workers;
}

describe("XdsHub", () => {
  it("subscribes once for all workers", async () => {
    const bench = scene();
    await followers(bench, 3);
    assert.deepEqual(bench.wire, ["+* from"]);
  });

  it("gives its verdict when the slowest worker has given its own, with the refusals of all", async () => {
    const bench = scene();
    const [first, second] = await followers(bench, 2);
    const applied = Promise.resolve(bench.apply(update(TYPE, ["a", "b"])));
    let isDone = false;
    void applied.then(() => (isDone = true));
    await settled();
    assert.deepEqual(
      [first?.names, second?.names],
      [
        ["a", "b"],
        ["a", "b"],
      ],
    );
    first?.verdict([{ name: "a", reason: "bad" }]);
    await settled();
    assert.equal(isDone, false);
    second?.verdict([{ name: "a", reason: "bad" }]);
    assert.deepEqual(await applied, { refused: [{ name: "a", reason: "bad" }] });
  });

  it("is warm when all workers are", async () => {
    const bench = scene();
    const [first, second] = await followers(bench, 2);
    const applied = Promise.resolve(bench.apply(update(TYPE, ["a"])));
    await settled();
    first?.verdict([], true);
    second?.verdict([], true);
    const { warmed } = await applied;
    let isWarm = false;
    void warmed?.then(() => (isWarm = true));
    first?.warmed();
    await settled();
    assert.equal(isWarm, false);
    second?.warmed();
    await warmed;
  });

  it("does not wait for a worker that is gone", async () => {
    const bench = scene();
    const [first, second] = await followers(bench, 2);
    const applied = Promise.resolve(bench.apply(update(TYPE, ["a"])));
    await settled();
    first?.verdict();
    bench.hub.detach(second!);
    assert.deepEqual(await applied, { refused: [] });
  });

  it("tells a worker that comes later what the others took, and nothing that they refused", async () => {
    const bench = scene();
    const [first] = await followers(bench, 1);
    const applied = Promise.resolve(bench.apply(update(TYPE, ["a", "b", "c"])));
    await settled();
    first?.verdict([{ name: "b", reason: "bad" }]);
    await applied;
    const removed = Promise.resolve(bench.apply(update(TYPE, [], ["c"])));
    await settled();
    first?.verdict();
    await removed;
    const late = bench.worker();
    late.says({ kind: "subscribe-all", typeUrl: TYPE, source: {} });
    await settled();
    assert.deepEqual(late.names, ["a"]);
    assert.deepEqual(first?.names, [], "the others are not told again");
  });

  it("tells a worker that comes later that there was no answer in time", async () => {
    const bench = scene();
    await followers(bench, 1);
    bench.fetchEnded(TYPE);
    const late = bench.worker();
    late.says({ kind: "subscribe-all", typeUrl: TYPE, source: {} });
    await settled();
    assert.deepEqual(late.received, [
      { kind: "fetch-ended", stream: "", typeUrl: TYPE, names: [], end: "timeout" },
    ]);
  });

  it("keeps a name on the wire as long as a worker wants it", async () => {
    const bench = scene();
    const [first, second] = [bench.worker(), bench.worker()];
    for (const worker of [first, second]) {
      worker.says({ kind: "subscribe", id: 1, typeUrl: NAMED, name: "n", source: {} });
    }
    first.says({ kind: "refresh", id: 1 });
    first.says({ kind: "unsubscribe", id: 1 });
    assert.deepEqual(bench.wire, ["+n", "refresh n"]);
    bench.hub.detach(second);
    assert.deepEqual(bench.wire, ["+n", "refresh n", "-n"]);
  });

  it("tells workers which of two sources with the same name an update is of", async () => {
    const bench = scene();
    const worker = bench.worker();
    worker.says({ kind: "subscribe", id: 1, typeUrl: NAMED, name: "n", source: { ads: {} } });
    worker.says({ kind: "subscribe", id: 2, typeUrl: NAMED, name: "n", source: { own: {} } });
    assert.deepEqual(bench.wire, ["+n", "+n"]);
    for (const [apply, stream] of [
      [bench.apply, "ads"],
      [bench.applyOwn, "own"],
    ] as const) {
      const applied = Promise.resolve(apply(update(NAMED, ["n"])));
      await settled();
      assert.equal(worker.received.at(-1)?.stream, stream);
      worker.verdict();
      assert.deepEqual(await applied, { refused: [] });
    }
  });

  it("tells a worker that comes later that a filter was taken away (XC-48)", async () => {
    const bench = scene();
    const [first, late] = [bench.worker(), bench.worker()];
    first.says({ kind: "subscribe", id: 1, typeUrl: ECDS, name: "f", source: {} });
    await settled();
    for (const change of [update(ECDS, ["f"]), update(ECDS, [], ["f"])]) {
      const applied = Promise.resolve(bench.apply(change));
      await settled();
      first.verdict();
      await applied;
    }
    late.says({ kind: "subscribe", id: 1, typeUrl: ECDS, name: "f", source: {} });
    await settled();
    const [told] = late.received;
    assert.ok(told?.kind === "apply");
    assert.deepEqual([told.update.resources, told.update.removed], [[], ["f"]]);
  });

  it("tells a worker of a name that others have already", async () => {
    const bench = scene();
    const [first, late] = [bench.worker(), bench.worker()];
    first.says({ kind: "subscribe", id: 1, typeUrl: NAMED, name: "n", source: {} });
    await settled();
    const applied = Promise.resolve(bench.apply(update(NAMED, ["n"])));
    await settled();
    first.verdict();
    await applied;
    late.says({ kind: "subscribe", id: 1, typeUrl: NAMED, name: "n", source: {} });
    await settled();
    assert.deepEqual(late.names, ["n"]);
  });
});
