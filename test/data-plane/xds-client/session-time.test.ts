import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CDS, EDS, malformed, resources, response, Transcript } from "./session-kit.ts";

function started(mode: "sotw" | "delta"): Transcript {
  const transcript = new Transcript(mode);
  transcript.step({ kind: "opened" });
  transcript.subscribeAll(CDS);
  return transcript;
}

/** A resource with a TTL; without a body when it is a heartbeat. */
function withTtl(name: string, version: string, ttlMs: number, isHeartbeat = false) {
  const [full] = resources(`${name}@${version}`);
  const { resource, ...rest } = full!;
  return { ...rest, ttlMs, ...(isHeartbeat || !resource ? {} : { resource }) };
}

describe("initial_fetch_timeout", () => {
  it("XC-13 starts with the subscription, connected or not", () => {
    const transcript = new Transcript("sotw");
    transcript.subscribeAll(CDS);
    assert.equal(transcript.session.deadlineMs(), 15_000);
    assert.deepEqual(transcript.wait(14_999), []);
    assert.deepEqual(transcript.wait(1), [{ "end-fetch": [], end: "timeout" }]);
    assert.equal(transcript.type(CDS).stats.initFetchTimeout, 1);
    assert.equal(transcript.session.deadlineMs(), undefined);
  });

  it("XC-13 is for ever when it is 0", () => {
    const transcript = new Transcript("sotw");
    transcript.step({ kind: "subscribe-all", typeUrl: CDS, timeoutMs: 0 });
    assert.equal(transcript.session.deadlineMs(), undefined);
  });

  it("XC-13 counts for each name", () => {
    const transcript = started("sotw");
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    transcript.subscribe(EDS, "a");
    transcript.nowMs += 5_000;
    transcript.subscribe(EDS, "b");
    assert.deepEqual(transcript.wait(10_000), [{ "end-fetch": ["a"], end: "timeout" }]);
    assert.deepEqual(transcript.wait(5_000), [{ "end-fetch": ["b"], end: "timeout" }]);
  });

  it("XC-13 ends with the first answer, and a late answer is applied as usual", () => {
    const transcript = started("sotw");
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    transcript.subscribe(EDS, "a", "b");
    transcript.take(response(EDS, "e1", "n2", resources("a")));
    assert.deepEqual(transcript.wait(15_000), [{ "end-fetch": ["b"], end: "timeout" }]);
    assert.deepEqual(transcript.receive(response(EDS, "e2", "n3", resources("b"))), [
      { apply: ["b"], removed: [] },
    ]);
  });

  it("XC-13 ends with a refusal, whole or each", () => {
    const transcript = started("sotw");
    transcript.subscribe(EDS, "a", "b");
    assert.deepEqual(transcript.receive(malformed(CDS, "n1", "bad bytes"))[1], {
      "end-fetch": [],
      end: "refused",
    });
    transcript.take(response(EDS, "e1", "n2", resources("a")), { name: "a", reason: "no" });
    assert.deepEqual(transcript.receive(malformed(EDS, "n3", "bad bytes"))[1], {
      "end-fetch": ["b"],
      end: "refused",
    });
    assert.equal(transcript.session.deadlineMs(), undefined);
  });

  it("does not run for a second holder of a name that is held already", () => {
    const transcript = started("sotw");
    transcript.take(response(CDS, "v1", "n1", []));
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "e1", "n2", resources("a")));
    transcript.subscribe(EDS, "a");
    assert.equal(transcript.session.deadlineMs(), undefined);
  });

  it("XC-11 takes an empty set of clusters for an answer", () => {
    const transcript = started("sotw");
    assert.deepEqual(transcript.receive(response(CDS, "v1", "n1", [])), [{ apply: [], removed: [] }]);
    transcript.applied();
    assert.equal(transcript.session.deadlineMs(), undefined);
  });
});

describe("TTL", () => {
  it("XC-52 removes a cluster as if by the server when it runs out, and asks for nothing", () => {
    const transcript = started("delta");
    transcript.take(response(CDS, "", "n1", [withTtl("a", "1", 1_000), ...resources("b@1")]));
    assert.equal(transcript.session.deadlineMs(), 1_000);
    assert.deepEqual(transcript.wait(1_000), [{ expire: [], removed: ["a"] }]);
    assert.deepEqual(transcript.held(CDS), { b: "1" });
  });

  it("XC-52 is restarted by a heartbeat, which applies nothing", () => {
    const transcript = started("delta");
    transcript.take(response(CDS, "", "n1", [withTtl("a", "1", 1_000)]));
    transcript.nowMs = 900;
    assert.deepEqual(transcript.receive(response(CDS, "", "n2", [withTtl("a", "1", 1_000, true)])), [
      { apply: [], removed: [] },
    ]);
    transcript.applied();
    assert.deepEqual(transcript.wait(999), []);
    assert.deepEqual(transcript.wait(1), [{ expire: [], removed: ["a"] }]);
  });

  it("XC-52 refuses a heartbeat with another version than the one held", () => {
    const transcript = started("delta");
    transcript.take(response(CDS, "", "n1", [withTtl("a", "1", 1_000)]));
    const [sent] = transcript.receive(response(CDS, "", "n2", [withTtl("a", "2", 1_000, true)]));
    assert.deepEqual(sent?.["error_detail"], {
      code: 13,
      message: 'heartbeat of a has version "2", held is version "1"',
    });
  });

  it("XC-52 leaves endpoints alone", () => {
    const transcript = started("delta");
    transcript.take(response(CDS, "", "n1", []));
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "", "n2", [withTtl("a", "1", 1_000)]));
    assert.deepEqual(transcript.wait(1_000), []);
    assert.deepEqual(transcript.held(EDS), { a: "1" });
    assert.equal(transcript.session.deadlineMs(), undefined);
  });

  it("ends with an update that has none", () => {
    const transcript = started("delta");
    transcript.take(response(CDS, "", "n1", [withTtl("a", "1", 1_000)]));
    transcript.take(response(CDS, "", "n2", resources("a@2")));
    assert.equal(transcript.session.deadlineMs(), undefined);
  });

  it("waits for the verdict on an update of the same type", () => {
    const transcript = started("delta");
    transcript.take(response(CDS, "", "n1", [withTtl("a", "1", 1_000)]));
    transcript.receive(response(CDS, "", "n2", [withTtl("a", "2", 1_000)]));
    assert.equal(transcript.session.deadlineMs(), undefined);
    assert.deepEqual(transcript.wait(1_000), []);
    transcript.applied();
    assert.equal(transcript.session.deadlineMs(), 2_000);
  });

  it("XC-53 keeps clusters of which only heartbeats came, and those left out of such a response", () => {
    const transcript = started("sotw");
    transcript.take(response(CDS, "v1", "n1", [withTtl("a", "", 1_000), ...resources("b")]));
    transcript.nowMs = 900;
    assert.deepEqual(transcript.receive(response(CDS, "v1", "n2", [withTtl("a", "", 1_000, true)])), [
      { apply: [], removed: [] },
    ]);
    transcript.applied();
    assert.deepEqual(transcript.wait(900), []);
    assert.deepEqual(transcript.held(CDS), { a: "v1", b: "v1" });
  });

  it("XC-53 takes a heartbeat among full resources for present", () => {
    const transcript = started("sotw");
    transcript.take(response(CDS, "v1", "n1", [withTtl("a", "", 1_000), ...resources("b", "c")]));
    const actions = transcript.receive(
      response(CDS, "v2", "n2", [withTtl("a", "", 1_000, true), ...resources("b")]),
    );
    assert.deepEqual(actions, [{ apply: ["b"], removed: ["c"] }]);
  });

  it("XC-53 survives the expiry of endpoints in SotW", () => {
    const transcript = started("sotw");
    transcript.take(response(CDS, "v1", "n1", []));
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "e1", "n2", [withTtl("a", "", 1_000)]));
    assert.deepEqual(transcript.wait(1_000), []);
  });
});
