import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deserialize, serialize } from "node:v8";
import { everywhere } from "../../../src/snapshot/serving.ts";
import { type Group, makeRevision, type Revision } from "../../../src/snapshot/revision.ts";
import type { Serving } from "../../../src/snapshot/serving.ts";
import { Snapshot } from "../../../src/snapshot/snapshot.ts";
import type { ContentPart } from "../../../src/server/workers/content.ts";
import { ContentPacker } from "../../../src/server/workers/content-packer.ts";
import { ContentUnpacker } from "../../../src/server/workers/content-unpacker.ts";
import { CLUSTER, ENDPOINTS } from "../../../src/xds/type-traits.ts";

/** A resource, whose bytes are its text. */
function resource(name: string, text: string, typeUrl = CLUSTER) {
  return { typeUrl, name, bytes: Buffer.from(text) };
}

function revision(groups: Readonly<Record<string, Snapshot>>, more: Partial<Revision> = {}): Revision {
  const list = Object.entries(groups).map(([name, snapshot]): Group => {
    return { name, match: { cluster: name }, snapshot };
  });
  return { ...makeRevision({ groups: list, source: { kind: "program" }, createdAtMs: 7 }), ...more };
}

/** Both ends, and what goes over between them, as the channel of two processes carries it. */
function channel() {
  const packer = new ContentPacker(({ name }) => [{ typeUrl: ENDPOINTS, name }]);
  const unpacker = new ContentUnpacker();
  return {
    unpacker,
    send: (serving: Serving) => {
      const parts = packer.pack(serving);
      const servings = parts.flatMap((part) => {
        const taken: ContentPart = deserialize(serialize(part));
        return unpacker.take(taken) ?? [];
      });
      assert.equal(servings.length, 1);
      return { parts, serving: servings[0]! };
    },
  };
}

/** Content and versions of a revision, for comparing. */
function contentOf({ id, groups, createdAtMs, authorization }: Revision) {
  return {
    id,
    createdAtMs,
    authorization,
    groups: [...groups.values()].map(({ name, match, snapshot }) => ({
      name,
      match,
      version: snapshot.version,
      types: [...snapshot.types.values()].map(({ typeUrl, version, resources }) => {
        const texts = [...resources.values()].map(({ name: own, bytes }) => [own, bytes.toString()] as const);
        return { typeUrl, version, texts: new Map(texts) };
      }),
    })),
  };
}

function kinds(parts: readonly ContentPart[]): readonly string[] {
  return parts.map(({ kind }) => kind);
}

/** Names of the resources that went over. */
function sent(parts: readonly ContentPart[]): readonly string[] {
  return parts.flatMap((part) => (part.kind === "resources" ? part.resources.map(({ name }) => name) : []));
}

const two = Snapshot.of([
  resource("a", "1"),
  resource("b", "1"),
  { ...resource("b", "e", ENDPOINTS), ttlMs: 5 },
]);

describe("what is served, on its way to a worker", () => {
  it("arrives as it was: groups, matches, versions, bytes, TTLs, rules and references", () => {
    const { send, unpacker } = channel();
    const rules = [{ principals: ["spiffe://fleet/*"], nodeIds: ["e*"], isOperator: false }];
    const stable = revision({ edge: two }, { authorization: { rules } });
    const { serving } = send({ stable });
    assert.deepEqual(contentOf(serving.stable), contentOf(stable));
    const [endpoints] = serving.stable.groups.get("edge")!.snapshot.typeSet(ENDPOINTS).resources.values();
    assert.equal(endpoints?.ttlMs, 5);
    assert.ok(endpoints);
    assert.deepEqual(unpacker.referencesOf(endpoints), [{ typeUrl: ENDPOINTS, name: "b" }]);
  });

  it("is the same revision each time that it is served, so that streams on it are left alone", () => {
    const { send } = channel();
    const [stable, next] = [revision({ edge: two }), revision({ edge: Snapshot.of([resource("a", "2")]) })];
    const first = send({ stable }).serving;
    const rollout = send({ stable, candidate: { revision: next, extents: new Map([["edge", everywhere]]) } });
    assert.equal(rollout.serving.stable, first.stable);
    assert.deepEqual(rollout.serving.candidate?.extents, new Map([["edge", everywhere]]));
    const done = send({ stable: next });
    assert.equal(done.serving.stable, rollout.serving.candidate?.revision);
    assert.deepEqual(kinds(done.parts), ["serve", "drop"]);
  });

  it("costs what is new: a resource that changed goes over alone, and sets that did not change not at all", () => {
    const { send } = channel();
    const before = Snapshot.of(Array.from({ length: 1_200 }, (_, index) => resource(`c-${index}`, "1")));
    const whole = send({ stable: revision({ edge: before }) });
    assert.deepEqual(kinds(whole.parts), ["resources", "resources", "resources", "set", "revision", "serve"]);
    const after = before.with([resource("c-7", "2")], [{ typeUrl: CLUSTER, name: "c-8" }]);
    const stable = revision({ edge: after });
    const { parts, serving } = send({ stable });
    assert.deepEqual(sent(parts), ["c-7"]);
    assert.deepEqual(contentOf(serving.stable), contentOf(stable));
    const same = revision({ edge: after }, { createdAtMs: 8 });
    assert.deepEqual(kinds(send({ stable: same }).parts), ["revision", "serve", "drop"]);
  });

  it("tells a group by what differs from another one, where that is less", () => {
    const { send } = channel();
    const base = Array.from({ length: 10 }, (_, index) => resource(`c-${index}`, "1"));
    const stable = revision({ edge: Snapshot.of(base), core: Snapshot.of([...base, resource("own", "1")]) });
    const { parts, serving } = send({ stable });
    assert.equal(sent(parts).length, 11);
    assert.deepEqual(contentOf(serving.stable), contentOf(stable));
  });

  it("goes over in parts that are short work", () => {
    const { send } = channel();
    const large = "x".repeat(400_000);
    const snapshot = Snapshot.of(Array.from({ length: 5 }, (_, index) => resource(`c-${index}`, large)));
    const { parts } = send({ stable: revision({ edge: snapshot }) });
    const sizes = parts.flatMap((part) => (part.kind === "resources" ? [part.resources.length] : []));
    assert.deepEqual(sizes, [2, 2, 1]);
  });

  it("comes through whatever the order of revisions, with a worker that has seen all of them and one that has not", () => {
    const old = channel();
    let snapshot = two;
    const revisions = [revision({ edge: two })];
    for (let step = 1; step < 12; step += 1) {
      const changed = [resource(`n-${step % 4}`, String(step)), resource("a", String(step % 3))];
      snapshot =
        step % 5 === 0
          ? Snapshot.of(changed, snapshot)
          : snapshot.with(changed, [{ typeUrl: CLUSTER, name: `n-${(step + 2) % 4}` }]);
      revisions.push(revision({ edge: snapshot, core: step % 2 === 0 ? two : snapshot }));
    }
    for (const [index, stable] of revisions.entries()) {
      const candidate = revisions[(index * 5) % revisions.length]!;
      const extents = new Map([["edge", everywhere]]);
      const serving: Serving =
        index % 2 === 0 ? { stable } : { stable, candidate: { revision: candidate, extents } };
      for (const { send } of [old, channel()]) {
        const taken = send(serving).serving;
        assert.deepEqual(contentOf(taken.stable), contentOf(stable));
        if (serving.candidate) assert.deepEqual(contentOf(taken.candidate!.revision), contentOf(candidate));
      }
    }
  });

  it("is refused when a part is missing", () => {
    const packer = new ContentPacker(() => []);
    const unpacker = new ContentUnpacker();
    const parts = packer.pack({ stable: revision({ edge: two }) }).filter(({ kind }) => kind !== "set");
    assert.throws(() => parts.map((part) => unpacker.take(part)), /did not come/);
  });
});
