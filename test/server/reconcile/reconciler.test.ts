import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { ConfigFile } from "../../../src/config/config-file.ts";
import type { Attempt, Loaded } from "../../../src/server/reconcile/attempt.ts";
import { Reconciler } from "../../../src/server/reconcile/reconciler.ts";
import { cautiousRemovals } from "../../../src/server/reconcile/removals.ts";
import { makeResource } from "../../../src/snapshot/resource.ts";
import type { Reading } from "../../../src/sources/reading.ts";

/** A source whose content the test sets: names of clusters, separated by spaces. */
class Source extends EventTarget {
  content: string;
  #isChanged = true;

  constructor(content: string) {
    super();
    this.content = content;
  }

  set(content: string): void {
    this.content = content;
    this.#isChanged = true;
    this.dispatchEvent(new Event("change"));
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Reading> {
    const wake = () => this.dispatchEvent(new Event("change"));
    signal.addEventListener("abort", wake, { once: true });
    this.#isChanged = true;
    while (!signal.aborted) {
      if (this.#isChanged) {
        this.#isChanged = false;
        const files = [{ path: "a.yaml", text: this.content }];
        yield { kind: "tree", files, contentHash: this.content, readAtMs: 1 };
      } else await once(this, "change");
    }
  }
}

function load([file]: readonly ConfigFile[]): Loaded {
  const names = file!.text.split(" ").filter((name) => name !== "");
  const resources = names.map((name) =>
    makeResource({ typeUrl: "type.googleapis.com/T", name, bytes: Buffer.from(name) }),
  );
  const problems = names.includes("bad") ? [{ code: "e", severity: "error", message: "no" } as const] : [];
  return { groups: [{ name: "default", match: {}, resources }], problems };
}

function follow(content: string) {
  const stop = new AbortController();
  const files = new Source(content);
  const attempts: Attempt[] = [];
  const arrivals = new EventTarget();
  const reconciler = new Reconciler({
    source: { kind: "folder", path: "/c" },
    signal: stop.signal,
    current: undefined,
    removals: cautiousRemovals,
    watch: (signal) => files.watch(signal),
    load,
    onAttempt: async (attempt) => {
      attempts.push(attempt);
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
