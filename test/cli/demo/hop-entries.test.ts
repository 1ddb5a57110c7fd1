import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HopEntries } from "../../../src/cli/demo/hop-entries.ts";
import { type HopEntry, parseHopEntry } from "../../../src/cli/demo/hop.ts";

function entryOf(hop: string): HopEntry {
  const fields = { hop, peer: "127.0.0.1:1", client: "203.0.113.7:2", upstream: "127.0.0.1:3" };
  const entry = parseHopEntry(JSON.stringify(fields));
  assert.ok(entry);
  return entry;
}

describe("HopEntries", () => {
  it("waits until every hop has noted a connection, and gives them in the order asked for", async () => {
    const entries = new HopEntries();
    const all = entries.of(["edge", "inner"], new AbortController().signal);
    entries.add(entryOf("inner"));
    entries.add(entryOf("edge"));
    assert.deepEqual(
      (await all).map(({ hop }) => hop),
      ["edge", "inner"],
    );
  });

  it("gives up with the signal", async () => {
    const stop = new AbortController();
    const all = new HopEntries().of(["edge"], stop.signal);
    stop.abort(new Error("too late"));
    await assert.rejects(all, /too late/);
    await assert.rejects(new HopEntries().of(["edge"], stop.signal), /too late/);
  });
});
