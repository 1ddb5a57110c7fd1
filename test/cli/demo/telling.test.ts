import assert from "node:assert/strict";
import { describe, it } from "node:test";
import picocolors from "picocolors";
import { lineOutput, parseHopEntry, startHop } from "../../../src/cli/demo/hop.ts";
import { tellJourney } from "../../../src/cli/demo/story.ts";
import { tellEvent } from "../../../src/cli/demo/tell-event.ts";
import { fakeTerminal } from "../../kit/fake-terminal.ts";

const colors = picocolors.createColors(false);
const entry = (hop: string, peer: string, client = "203.0.113.7:40000") => ({
  hop,
  peer,
  client,
  from: "127.0.0.1:2",
  upstream: "127.0.0.1:3",
});

describe("parseHopEntry()", () => {
  it("reads a line of the quick start's access log", () => {
    const line = JSON.stringify(entry("edge", "127.0.0.1:1"));
    assert.deepEqual(parseHopEntry(line), entry("edge", "127.0.0.1:1"));
  });

  it("passes over every other line", () => {
    for (const line of ["", "plain text", "null", "[1]", '{"level":"info"}', "{"]) {
      assert.equal(parseHopEntry(line), undefined, line);
    }
  });

  it("shows a dash for what is missing, as access logs do", () => {
    assert.equal(parseHopEntry('{"hop":"edge","client":"a","from":null}')?.from, "-");
  });
});

describe("lineOutput()", () => {
  it("gives whole lines, however they are cut", () => {
    const lines: string[] = [];
    const output = lineOutput((line) => lines.push(line));
    for (const piece of ["a", "b\nc", Buffer.from("d\n\n"), "e"]) output.write(piece);
    assert.deepEqual(lines, ["ab", "cd", ""]);
  });
});

describe("startHop()", () => {
  it("sends the signal that drains it, and tells what it said", async () => {
    const hop = startHop({
      args: ["-c", "x"],
      terminal: fakeTerminal(),
      onEntry: () => assert.fail("no connection was made"),
      run: (args, terminal) => {
        terminal.stderr.write(`${args.join(" ")}\n`);
        return new Promise((resolve) => terminal.onSignal("SIGTERM", () => resolve(0)));
      },
    });
    await hop.stop();
    assert.equal(await hop.ended, "-c x");
  });
});

describe("tellJourney()", () => {
  const upstream = { peer: "127.0.0.1:9", header: "PROXY TCP4 …", client: "203.0.113.7:40000" };
  const hops = [entry("edge", "127.0.0.1:5"), entry("inner", "127.0.0.1:6")];

  it("says what every hop saw, in order", () => {
    const told = tellJourney({ client: "203.0.113.7:40000", hops, upstream }, colors);
    const order = ["client", "edge", "127.0.0.1:5", "inner", "127.0.0.1:6", "upstream", "127.0.0.1:9"];
    const places = order.map((word) => told.indexOf(word));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(!places.includes(-1), told);
    assert.match(told, /The upstream knows the client: 203\.0\.113\.7:40000\./);
  });

  it("says when the address got lost", () => {
    const lost = { ...upstream, client: "127.0.0.1:9" };
    assert.match(tellJourney({ client: "203.0.113.7:40000", hops, upstream: lost }, colors), /got lost/);
  });
});

describe("tellEvent()", () => {
  const at = { id: 1, atMs: 0 };
  const cases = [
    ["revision-served", { revision: "abc" }, "revision abc is served"],
    [
      "revision-refused",
      { errors: 1 },
      "the folder has 1 error and is not served; every proxy keeps what it has",
    ],
    [
      "acked",
      { node: "edge-1", typeUrl: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment" },
      "edge-1 acknowledged its cluster load assignments",
    ],
    [
      "nacked",
      {
        node: "edge-1",
        typeUrl: "type.googleapis.com/envoy.config.listener.v3.Listener",
        message: "bad port",
      },
      "edge-1 refused its listeners: bad port",
    ],
    [
      "group",
      { node: "edge-1", group: null, revision: "abc" },
      "edge-1 is in no group of the folder: it keeps what it has",
    ],
    ["converged", { revision: "abc", tookMs: 12 }, "revision abc is everywhere, 12 ms after it was read"],
  ] as const;
  for (const [kind, data, text] of cases) {
    it(`tells ${kind}`, () => assert.equal(tellEvent({ ...at, kind, data }, colors), text));
  }
  it("passes over what is of no interest here", () => {
    const data = { node: "edge-1", group: "edge", revision: "abc" };
    assert.equal(tellEvent({ ...at, kind: "group", data }, colors), undefined);
  });
});
