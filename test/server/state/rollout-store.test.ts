import assert from "node:assert/strict";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RolloutRecord, RolloutState } from "../../../src/rollout/state.ts";
import { openRolloutStore } from "../../../src/server/state/rollout-store.ts";
import { diskFiles, type StateFiles } from "../../../src/server/state/state-files.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { percent, policies, revisionOf, Rollouts } from "../../rollout/rollouts.ts";
import { fragileDisk } from "./fragile-disk.ts";

const source = { kind: "folder", place: "/config" };

function storeOn(files: StateFiles, token = "test", folder = "/state") {
  return openRolloutStore(folder, source, files, token);
}

/** What a rollout of "two" over "one" goes through, from its start to its end and on. */
function story(): readonly { readonly state: RolloutState; readonly history: readonly RolloutRecord[] }[] {
  const rollouts = new Rollouts({ a: "accepts", b: "accepts", c: "accepts" });
  const told: { state: RolloutState; history: readonly RolloutRecord[] }[] = [];
  const note = () => {
    const history = rollouts.actions.flatMap((action) => (action.kind === "record" ? [action.record] : []));
    told.push({ state: rollouts.state, history });
  };
  const staged = policies([percent(30), percent(100)]);
  rollouts.offer({ revision: revisionOf("one"), policies: staged });
  note();
  rollouts.offer({ revision: revisionOf("two"), policies: staged });
  note();
  rollouts.pass(10_000);
  note();
  rollouts.answer("a", "refuses");
  rollouts.observe();
  note();
  rollouts.offer({ revision: revisionOf("three"), policies: staged });
  note();
  return told;
}

/** What a store has to say of a state: what is served, how far, and what is kept away. */
function summaryOf({ serving, run, quarantine, lastNumber }: RolloutState) {
  return JSON.stringify([
    serving?.stable.id,
    serving?.candidate?.revision.id,
    [...(serving?.candidate?.extents ?? [])],
    [...(run?.groups ?? [])],
    [...quarantine.keys()],
    lastNumber,
  ]);
}

async function summaryOn(disk: Map<string, Buffer>): Promise<string> {
  const stored = await storeOn(fragileDisk(disk, 0, false).files).load();
  assert.notEqual(stored.kind, "unusable", stored.kind === "unusable" ? stored.reason : "");
  if (stored.kind !== "found") return "(none)";
  assert.deepEqual(stored.losses, []);
  return summaryOf(stored.state);
}

function onDisk() {
  const { path: folder, [Symbol.dispose]: remove } = temporaryFolder();
  return {
    folder,
    store: storeOn(diskFiles, "test", folder),
    /** The only sub-folder there is. */
    own: async () => join(folder, (await readdir(folder))[0]!),
    [Symbol.dispose]: remove,
  };
}

describe("a rollout store", () => {
  for (const losesUnsynced of [false, true]) {
    const what = losesUnsynced ? "the machine" : "the process";
    it(`holds a whole moment of the rollout, the last or the one before, whenever ${what} stops`, async () => {
      const steps = story();
      let cuts = 0;
      let disk = new Map<string, Buffer>();
      let before = "(none)";
      for (const { state, history } of steps) {
        for (let cutAt = 1; ; cutAt += 1) {
          const cut = fragileDisk(new Map(disk), cutAt, losesUnsynced);
          await storeOn(cut.files, "2")
            .save(state, history)
            .catch(() => assert.ok(cut.isCut()));
          const found = await summaryOn(new Map(cut.afterwards()));
          assert.ok([before, summaryOf(state)].includes(found), found);
          if (!cut.isCut()) {
            assert.equal(found, summaryOf(state));
            disk = new Map(cut.afterwards());
            break;
          }
          cuts += 1;
          // What was left behind does not stop the next process.
          const again = fragileDisk(new Map(cut.afterwards()), 0, false);
          await storeOn(again.files, "3").save(state, history);
          assert.equal(await summaryOn(again.afterwards()), summaryOf(state));
        }
        before = summaryOf(state);
      }
      assert.ok(cuts > 25, `cut at ${cuts} operations`);
    });
  }

  it("gives back on a real disk what was saved, with its history and what it can go back to", async () => {
    using disk = onDisk();
    assert.deepEqual(await disk.store.load(), { kind: "none" });
    const last = story().at(-1)!;
    for (const { state, history } of story()) await disk.store.save(state, history);
    const other = storeOn(diskFiles, "other", disk.folder);
    const stored = await other.load();
    assert.ok(stored.kind === "found");
    assert.equal(summaryOf(stored.state), summaryOf(last.state));
    assert.deepEqual(stored.history, last.history);
    assert.equal((await other.revision(revisionOf("one").id))?.id, revisionOf("one").id);
    assert.equal(await other.revision("../rollout"), undefined);
  });

  it("lets nobody but this user read it", async () => {
    using disk = onDisk();
    const { state } = story()[0]!;
    await disk.store.save(state, []);
    const path = join(await disk.own(), "revisions", state.serving!.stable.id);
    assert.equal((await stat(path)).mode & 0o077, 0);
  });

  const damages: [string, (folder: string, id: string) => Promise<void>, RegExp][] = [
    ["a cut revision", (folder, id) => writeFile(join(folder, "revisions", id), ""), /is damaged/],
    ["a missing revision", (folder, id) => rm(join(folder, "revisions", id)), /is missing/],
    ["a cut rollout", (folder) => writeFile(join(folder, "rollout"), '{"for'), /JSON/],
    [
      "a rollout of another format",
      (folder) => writeFile(join(folder, "rollout"), "{}"),
      /not a file of the format/,
    ],
  ];
  for (const [what, damage, reason] of damages) {
    it(`notices ${what} and says so, and the next process mends it`, async () => {
      using disk = onDisk();
      const { state, history } = story()[0]!;
      await disk.store.save(state, history);
      await damage(await disk.own(), state.serving!.stable.id);
      const stored = await disk.store.load();
      assert.ok(stored.kind === "unusable");
      assert.match(stored.reason, reason);
      const other = storeOn(diskFiles, "other", disk.folder);
      await other.save(state, history);
      assert.equal((await other.load()).kind, "found");
    });
  }

  it("goes on with what is stable when the candidate is damaged, and says so", async () => {
    using disk = onDisk();
    const { state, history } = story()[1]!;
    await disk.store.save(state, history);
    await rm(join(await disk.own(), "revisions", state.serving!.candidate!.revision.id));
    const stored = await disk.store.load();
    assert.ok(stored.kind === "found");
    assert.equal(stored.state.run, undefined);
    assert.match(stored.losses.join(), /is missing/);
  });

  it("keeps ten revisions that were good, and no temporary file", async () => {
    using disk = onDisk();
    const rollouts = new Rollouts({ a: "accepts" });
    const save = () => {
      const history = rollouts.actions.flatMap((action) => (action.kind === "record" ? [action.record] : []));
      return disk.store.save(rollouts.state, history);
    };
    for (let i = 0; i < 15; i += 1) {
      rollouts.offer({ revision: revisionOf(String(i)), policies: policies([percent(100)]) });
      await save();
      if (i === 0) await writeFile(join(await disk.own(), "revisions", ".left-over.99"), "half");
      rollouts.pass(10_000);
      await save();
    }
    const names = await readdir(join(await disk.own(), "revisions"));
    assert.equal(names.length, 10);
    assert.ok(names.every((name) => !name.startsWith(".")));
  });
});
