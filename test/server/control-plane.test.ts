import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { createLog, type LogRecord } from "../../src/base/log.ts";
import { ControlPlane, type ControlPlaneOptions } from "../../src/server/control-plane.ts";
import { ListenError } from "../../src/server/listen-address.ts";
import { cautiousRemovals } from "../../src/server/reconcile/removals.ts";
import { noRollout, type RolloutState } from "../../src/rollout/state.ts";
import type { RolloutStore, StoredRollout } from "../../src/server/state/rollout-store.ts";
import { makeRevision, type Revision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { XdsEvent } from "../../src/xds/events.ts";
import { ack, connect, envoy, send } from "../fleet/transcript.ts";
import { loadNames, namesType, TextSource } from "../kit/text-source.ts";

const nowhere = { host: "127.0.0.1", port: 0 };

function revisionOf(names: string): Revision {
  const groups = [...loadNames([{ path: "a.yaml", text: names }]).groups].map(
    ({ name, match, resources }) => ({
      name,
      match,
      snapshot: Snapshot.of(resources),
    }),
  );
  return makeRevision({ groups, source: { kind: "program" }, createdAtMs: 1 });
}

function keptOf(names: string): StoredRollout {
  const state: RolloutState = { ...noRollout, serving: { stable: revisionOf(names) } };
  return { kind: "found", state, history: [], losses: [] };
}

/** A control plane over a source of names, an xDS server that only notes what it is given, and a store in memory. */
function planeOver(content: string, stored: StoredRollout, more: Partial<ControlPlaneOptions> = {}) {
  const source = new TextSource(content);
  const lines: LogRecord[] = [];
  const heard = new EventTarget();
  const served: string[] = [];
  const put: string[] = [];
  let starts = 0;
  let onEvent: ((event: XdsEvent) => void) | undefined;
  const plane = new ControlPlane({
    version: "1.2.3",
    removals: cautiousRemovals,
    adminAddress: nowhere,
    adminHosts: [],
    xdsAddress: { host: "127.0.0.1", port: 18000 },
    clock: systemClock,
    log: createLog("info", (line) => {
      lines.push(line);
      heard.dispatchEvent(new Event("line"));
    }),
    store: {
      load: async () => stored,
      save: async ({ serving }) => {
        const target = serving?.candidate?.revision ?? serving?.stable;
        if (target && put.at(-1) !== target.id) put.push(target.id);
      },
      revision: async () => undefined,
    },
    watch: (signal) => source.watch(signal),
    load: loadNames,
    contentOf: ({ name }) => ({ name }),
    showProblems: () => undefined,
    probe: async () => undefined,
    createXds: (listener) => {
      onEvent = listener;
      return {
        start: async () => {
          starts += 1;
          return { port: 18000 };
        },
        get isListening() {
          return starts > 0;
        },
        serve: ({ stable, candidate }) => {
          const { groups } = candidate?.revision ?? stable;
          const set = groups.get("default")?.snapshot.types.get(namesType);
          const names = [...(set?.resources.keys() ?? [])].join(" ");
          if (served.at(-1) !== names) served.push(names);
        },
        streams: () => [],
        standings: async () => [],
        holdings: async () => [],
        close: async () => undefined,
      };
    },
    ...more,
  });
  const said = async (message: RegExp) => {
    let line = lines.find((record) => message.test(record.message));
    while (!line) {
      await once(heard, "line");
      line = lines.find((record) => message.test(record.message));
    }
    return line;
  };
  const admin = async (path: string, init?: RequestInit) => {
    const { fields } = await said(/^admin API/);
    const response = await fetch(`http://${String(fields["address"])}${path}`, init);
    return { status: response.status, text: await response.text() };
  };
  return {
    plane,
    source,
    served,
    put,
    lines,
    said,
    admin,
    starts: () => starts,
    happen: (...events: XdsEvent[]) => events.forEach((event) => onEvent?.(event)),
    [Symbol.asyncDispose]: () => plane.close(),
  };
}

describe("ControlPlane", () => {
  it("serves a valid source, keeps it in the state directory, and is ready", async () => {
    await using over = planeOver("a b", { kind: "none" });
    await over.plane.start();
    assert.deepEqual(over.served, ["a b"]);
    assert.equal(over.put.length, 1);
    assert.equal((await over.admin("/readyz")).status, 200);
  });

  it("keeps serving the last good revision when the source breaks, and says why (XDS-71)", async () => {
    await using over = planeOver("a", { kind: "none" });
    await over.plane.start();
    over.source.set("a bad");
    const line = await over.said(/the last good revision stays/);
    assert.equal(line.level, "error");
    assert.deepEqual([line.fields["errors"], line.fields["reason"]], [1, "errors"]);
    const { current, refused } = JSON.parse((await over.admin("/api/v1/revision")).text);
    assert.equal(current.groups[0].types[0].resources, 1);
    assert.equal(refused.problems[0].message, "bad is no name");
    assert.deepEqual([over.served, over.put.length], [["a"], 1]);
    assert.equal((await over.admin("/readyz")).status, 200);
    assert.match((await over.admin("/metrics")).text, /^chancery_load_errors_total\{reason="errors"\} 1$/m);
  });

  it("starts with what the state directory has when the source is broken, and says so", async () => {
    await using over = planeOver("bad", keptOf("a b"));
    await over.plane.start();
    assert.deepEqual(over.served, ["a b"]);
    await over.said(/last good revision from the state directory is/);
    assert.equal(JSON.parse((await over.admin("/api/v1/revision")).text).current.isRestored, true);
    assert.equal((await over.admin("/readyz")).status, 200);
    over.source.set("a b c");
    await over.said(/^revision is served/);
    assert.equal(JSON.parse((await over.admin("/api/v1/revision")).text).current.isRestored, false);
  });

  it("does not listen and is not ready while there has never been a valid revision (XDS-135)", async () => {
    await using over = planeOver("bad", { kind: "none" });
    await over.plane.start();
    assert.equal(over.starts(), 0);
    const ready = await over.admin("/readyz");
    assert.deepEqual(
      [ready.status, ready.text],
      [503, "the source has no valid revision, and there was none before\n"],
    );
    over.source.set("a");
    await over.said(/^xDS is served/);
    assert.equal((await over.admin("/readyz")).status, 200);
  });

  it("never serves a damaged state, and says what is wrong with it", async () => {
    await using over = planeOver("bad", { kind: "unusable", reason: "x has the hash y" });
    await over.plane.start();
    assert.deepEqual(over.served, []);
    const line = await over.said(/cannot be used and is not served/);
    assert.equal(line.fields["error"], "x has the hash y");
    assert.match((await over.admin("/metrics")).text, /^chancery_state_errors_total 1$/m);
  });

  it("holds back a load that empties a type, also right after a restart, until told otherwise (XDS-71)", async () => {
    await using over = planeOver("", keptOf("a"));
    await over.plane.start();
    assert.deepEqual(over.served, ["a"]);
    const headers = { "content-type": "application/json" };
    const ask = (body: string) => over.admin("/api/v1/reconcile", { method: "POST", headers, body });
    assert.equal((await ask("{}")).status, 422);
    const allowed = await ask('{"allowRemovals":true}');
    assert.deepEqual([allowed.status, JSON.parse(allowed.text).isAccepted], [200, true]);
    assert.deepEqual(over.served, ["a", ""]);
  });

  it("serves on when the state directory cannot be written, and says what that means", async () => {
    const store: RolloutStore = {
      load: async () => ({ kind: "none" }),
      save: () => Promise.reject(new Error("ENOSPC: no space left on device")),
      revision: async () => undefined,
    };
    await using over = planeOver("a", { kind: "none" }, { store });
    await over.plane.start();
    assert.deepEqual(over.served, ["a"]);
    const line = await over.said(/would not survive a restart/);
    assert.match(String(line.fields["error"]), /ENOSPC/);
  });

  it("remembers as much of what is over as it is told to, and always how what is served came to be", async () => {
    const history = { maxAgeMs: 3_600_000, maxCount: 1, revisions: 1 };
    await using over = planeOver("a", { kind: "none" }, { history });
    await over.plane.start();
    for (const content of ["b", "c", "d"]) {
      over.source.set(content);
      await over.plane.reconcile();
    }
    const { items } = JSON.parse((await over.admin("/api/v1/rollout/history")).text);
    assert.deepEqual(
      items.map(({ revisionId, result }: { revisionId: string; result: string }) => [revisionId, result]),
      [
        [revisionOf("a").id, "completed"],
        [revisionOf("c").id, "superseded"],
      ],
    );
  });

  it("shows nodes, and tells when all of them have accepted a revision (XDS-146)", async () => {
    await using over = planeOver("a", { kind: "none" });
    await over.plane.start();
    over.happen(...connect(1, envoy("e1"), 1, "default"), send(1, namesType, "n1", "v"));
    over.happen(ack(1, namesType, "n1", "v", 251));
    const line = await over.said(/^all connected nodes have accepted the revision/);
    assert.equal(line.fields["took_ms"], 250);
    const { items } = JSON.parse((await over.admin("/api/v1/nodes")).text);
    assert.deepEqual([items[0].id, items[0].types[0].state], ["e1", "SYNCED"]);
    assert.match((await over.admin("/metrics")).text, /^chancery_xds_convergence_seconds_count 1$/m);
  });

  it("rejects when an address is taken, naming the flag that changes it", async () => {
    await using first = planeOver("a", { kind: "none" });
    await first.plane.start();
    const { fields } = await first.said(/^admin API/);
    const port = Number(String(fields["address"]).split(":")[1]);
    await using second = planeOver("a", { kind: "none" }, { adminAddress: { host: "127.0.0.1", port } });
    await assert.rejects(second.plane.start(), (error) => {
      assert.ok(error instanceof ListenError);
      assert.match(error.message, /is in use: .*--admin-address/);
      return true;
    });
  });

  it("ends once, however often it is told to, and serves nothing after that", async () => {
    const over = planeOver("a", { kind: "none" });
    await over.plane.start();
    await Promise.all([over.plane.close(), over.plane.close()]);
    over.source.set("b");
    await over.plane.following;
    assert.deepEqual(over.served, ["a"]);
  });
});
