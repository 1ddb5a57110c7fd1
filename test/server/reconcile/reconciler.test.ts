import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { Attempt } from "../../../src/server/reconcile/attempt.ts";
import type { Revision } from "../../../src/snapshot/revision.ts";
import { Reconciler } from "../../../src/server/reconcile/reconciler.ts";
import { cautiousRemovals } from "../../../src/server/reconcile/removals.ts";
import { loadNames, TextSource } from "../../kit/text-source.ts";

function follow(content: string) {
  const stop = new AbortController();
  const files = new TextSource(content);
  const attempts: Attempt[] = [];
  const arrivals = new EventTarget();
  let current: Revision | undefined;
  const reconciler = new Reconciler({
    signal: stop.signal,
    current: () => current,
    removals: cautiousRemovals,
    watch: (signal) => files.watch(signal),
    load: loadNames,
    onAttempt: async (attempt) => {
      attempts.push(attempt);
      if (attempt.kind === "accepted") current = attempt.revision;
      arrivals.dispatchEvent(new Event("attempt"));
    },
    monotonic: () => 0,
  });
  return {
    files,
    attempts,
    reconciler,
    run: reconciler.run(),
    /** Resolves when there have been so many attempts. */
    until: async (count: number) => {
      while (attempts.length < count) await once(arrivals, "attempt");
    },
    stop: () => stop.abort(),
  };
}

function kinds(attempts: readonly Attempt[]): string[] {
  return attempts.map((attempt) => (attempt.kind === "refused" ? attempt.refusal.reason : attempt.kind));
}

describe("Reconciler", () => {
  it("attempts the first state and each change, and compares with what was accepted last", async () => {
    const { files, attempts, until, stop, run } = follow("a b");
    await until(1);
    files.set("a bad");
    await until(2);
    files.set("");
    await until(3);
    files.set("a b");
    await until(4);
    stop();
    await run;
    assert.deepEqual(kinds(attempts), ["accepted", "errors", "removals", "accepted"]);
    const last = attempts[3]!;
    assert.equal(last.kind === "accepted" && last.isNew, false);
  });

  it("looks at once when asked to, and answers with what came of it", async () => {
    const { reconciler, attempts, until, stop, run } = follow("a");
    await until(1);
    const attempt = await reconciler.reconcileNow();
    assert.equal(attempt, attempts[1]);
    stop();
    await run;
  });

  it("lets removals pass for the one look that they were allowed for (XDS-71)", async () => {
    const { files, reconciler, attempts, until, stop, run } = follow("a");
    await until(1);
    files.set("");
    await until(2);
    const meant = await reconciler.reconcileNow({ allowsEmptyTypes: true, largestShare: 1 });
    assert.equal(meant.kind, "accepted");
    files.set("b");
    await until(attempts.length + 1);
    files.set("");
    await until(attempts.length + 1);
    stop();
    await run;
    assert.deepEqual(kinds(attempts), ["accepted", "removals", "accepted", "accepted", "removals"]);
  });

  it("ends when told to, also while it waits", async () => {
    const { until, stop, run } = follow("a");
    await until(1);
    stop();
    await run;
  });
});
