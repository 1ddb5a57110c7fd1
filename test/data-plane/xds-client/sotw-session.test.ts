import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CDS, EDS, LDS, malformed, resources, response, Transcript } from "./session-kit.ts";

/** A stream that is open, with CDS asked for. */
function started(): Transcript {
  const transcript = new Transcript("sotw");
  transcript.step({ kind: "opened" });
  transcript.subscribeAll(CDS);
  return transcript;
}

describe("SotW session: requests", () => {
  it("XC-16 puts the node into the first message alone when asked to", () => {
    const transcript = new Transcript("sotw");
    transcript.step({ kind: "opened" });
    assert.deepEqual(transcript.subscribeAll(CDS), [{ hasNode: true, type_url: CDS }]);
    assert.deepEqual(transcript.subscribe(EDS, "a"), [{ type_url: EDS, resource_names: ["a"] }]);
  });

  it("XC-16 puts the node into every message otherwise", () => {
    const transcript = new Transcript("sotw", { isNodeOnFirstOnly: false });
    transcript.step({ kind: "opened" });
    transcript.subscribeAll(CDS);
    assert.deepEqual(transcript.subscribe(EDS, "a"), [
      { hasNode: true, type_url: EDS, resource_names: ["a"] },
    ]);
  });

  it("XC-19 begins a new stream with the accepted version and all names, in order of subscription", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "e1", "n2", resources("a")));
    transcript.subscribeAll(LDS);
    transcript.step({ kind: "closed" });
    assert.deepEqual(transcript.step({ kind: "opened" }), [
      { hasNode: true, version_info: "v1", type_url: CDS },
      { version_info: "e1", resource_names: ["a"], type_url: EDS },
      { type_url: LDS },
    ]);
  });

  it("XC-20 asks for CDS first on a new stream while its clusters warm", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    transcript.receive(response(CDS, "v2", "n2", resources("a", "b")));
    transcript.step({ kind: "applied", refused: [], isWarming: true }, { kind: "closed" });
    assert.deepEqual(transcript.step({ kind: "opened" }), [
      { hasNode: true, version_info: "v2", type_url: CDS },
    ]);
  });

  it("XC-22 sends an empty list once when the last name goes, and nothing on a new stream", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "e1", "n1", resources("a")));
    const gone = transcript.step({ kind: "unsubscribe", typeUrl: EDS, name: "a" }, { kind: "turn-ended" });
    assert.deepEqual(gone, [{ version_info: "e1", type_url: EDS, response_nonce: "n1" }]);
    assert.deepEqual(transcript.step({ kind: "turn-ended" }), []);
    transcript.step({ kind: "closed" });
    assert.deepEqual(transcript.step({ kind: "opened" }), [{ hasNode: true, type_url: CDS }]);
  });

  it("XC-24 merges the changes of one turn into one message with version and nonce", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a", "b");
    transcript.take(response(EDS, "e1", "n1", resources("a")));
    const sent = transcript.step(
      { kind: "subscribe", typeUrl: EDS, name: "c", timeoutMs: 0 },
      { kind: "unsubscribe", typeUrl: EDS, name: "a" },
      { kind: "subscribe", typeUrl: EDS, name: "d", timeoutMs: 0 },
      { kind: "turn-ended" },
    );
    assert.deepEqual(sent, [
      { version_info: "e1", resource_names: ["b", "c", "d"], type_url: EDS, response_nonce: "n1" },
    ]);
  });

  it("XC-24 sends nothing for a name that came and went within a turn", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    const sent = transcript.step(
      { kind: "subscribe", typeUrl: EDS, name: "b", timeoutMs: 0 },
      { kind: "unsubscribe", typeUrl: EDS, name: "b" },
      { kind: "turn-ended" },
    );
    assert.deepEqual(sent, []);
  });

  it("keeps a name on the wire until its last holder is gone", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.subscribe(EDS, "a");
    const first = transcript.step({ kind: "unsubscribe", typeUrl: EDS, name: "a" }, { kind: "turn-ended" });
    assert.deepEqual(first, []);
    const last = transcript.step({ kind: "unsubscribe", typeUrl: EDS, name: "a" }, { kind: "turn-ended" });
    assert.deepEqual(last, [{ type_url: EDS }]);
  });

  it("XC-36 repeats its request with the same names to refresh one", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "e1", "n1", resources("a")));
    const sent = transcript.step({ kind: "refresh", typeUrl: EDS, name: "a" }, { kind: "turn-ended" });
    assert.deepEqual(sent, [
      { version_info: "e1", resource_names: ["a"], type_url: EDS, response_nonce: "n1" },
    ]);
  });

  it("names the last answered nonce while a response is still being applied", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.take(response(EDS, "e1", "n1", resources("a")));
    transcript.receive(response(EDS, "e2", "n2", resources("a")));
    const [sent] = transcript.subscribe(EDS, "b");
    assert.deepEqual([sent?.["version_info"], sent?.["response_nonce"]], ["e1", "n1"]);
  });
});

describe("SotW session: responses", () => {
  it("XC-24 acknowledges with the new version, the nonce and all names", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a", "b");
    assert.deepEqual(transcript.receive(response(EDS, "e1", "n1", resources("a"))), [
      { apply: ["a"], removed: [] },
    ]);
    assert.deepEqual(transcript.applied(), [
      { version_info: "e1", resource_names: ["a", "b"], type_url: EDS, response_nonce: "n1" },
    ]);
  });

  it("XC-27 refuses with the old version, the nonce and code 13", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    const sent = transcript.take(response(CDS, "v2", "n2", resources("a")), { name: "a", reason: "no" });
    assert.deepEqual(sent, [
      {
        version_info: "v1",
        type_url: CDS,
        response_nonce: "n2",
        error_detail: { code: 13, message: "Error adding/updating cluster(s) a: no" },
      },
    ]);
    const { stats, errors } = transcript.type(CDS);
    assert.equal(stats.updateRejected, 1);
    assert.deepEqual([errors.get("a")?.reason, errors.get("a")?.version], ["no", "v2"]);
  });

  it("XC-27 has no version to tell when the very first response is refused", () => {
    const [sent] = started().take(response(CDS, "v1", "n1", resources("a")), { name: "a", reason: "no" });
    assert.equal(sent?.["version_info"], undefined);
  });

  it("XC-28 removes what a full state leaves out, also when the response is refused", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a", "b")));
    assert.deepEqual(transcript.receive(response(CDS, "v2", "n2", resources("c"))), [
      { apply: ["c"], removed: ["a", "b"] },
    ]);
    transcript.applied({ name: "c", reason: "no" });
    assert.deepEqual(transcript.held(CDS), {});
    assert.equal(transcript.type(CDS).version, "v1");
  });

  it("XC-28 keeps the last good state of a refused resource", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a", "b")));
    transcript.take(response(CDS, "v2", "n2", resources("a", "b")), { name: "a", reason: "no" });
    assert.deepEqual(transcript.held(CDS), { a: "v1", b: "v2" });
  });

  it("XC-28 applies nothing of a malformed response and removes nothing", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    assert.deepEqual(transcript.receive(malformed(CDS, "n2", "index out of range")), [
      {
        version_info: "v1",
        type_url: CDS,
        response_nonce: "n2",
        error_detail: { code: 13, message: "index out of range" },
      },
    ]);
    assert.deepEqual(transcript.held(CDS), { a: "v1" });
  });

  it("XC-28 refuses a response with a repeated cluster after applying the first of the two", () => {
    const refused = [{ name: "g7", reason: "duplicate cluster g7 found" }];
    const [sent] = started().take(response(CDS, "v1", "n1", resources("g7"), { refused }));
    assert.deepEqual(sent?.["error_detail"], {
      code: 13,
      message: "Error adding/updating cluster(s) g7: duplicate cluster g7 found",
    });
  });

  it("XC-28 takes absence of a named resource for nothing", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a", "b");
    transcript.take(response(EDS, "e1", "n1", resources("a", "b")));
    assert.deepEqual(transcript.receive(response(EDS, "e2", "n2", resources("b"))), [
      { apply: ["b"], removed: [] },
    ]);
  });

  it("XC-32 clears a refusal with the next good response", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")), { name: "a", reason: "no" });
    transcript.take(response(CDS, "v2", "n2", resources("a")));
    assert.equal(transcript.type(CDS).errors.size, 0);
  });

  it("XC-32 clears the refusal of a resource that is no longer there", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a", "b")), { name: "a", reason: "no" });
    transcript.take(response(CDS, "v2", "n2", resources("b")));
    assert.equal(transcript.type(CDS).errors.size, 0);
  });

  it("XC-23 ignores a type that it did not ask for, without an answer", () => {
    assert.deepEqual(started().receive(response(LDS, "v1", "n1", resources("l"))), []);
  });

  it("XC-23 ignores a type asked for on an earlier stream only", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.step({ kind: "unsubscribe", typeUrl: EDS, name: "a" }, { kind: "closed" }, { kind: "opened" });
    assert.deepEqual(transcript.receive(response(EDS, "v1", "n1", resources("a"))), []);
  });

  it("XC-23 acknowledges and forgets endpoints of names it did not ask for", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    assert.deepEqual(transcript.receive(response(EDS, "e1", "n1", resources("x"))), [
      { version_info: "e1", resource_names: ["a"], type_url: EDS, response_nonce: "n1" },
    ]);
    assert.deepEqual(transcript.held(EDS), {});
  });

  it("XC-35 keeps the ACK back while clusters warm, and tells the last alone", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    transcript.receive(response(CDS, "v2", "n2", resources("a", "b")));
    assert.deepEqual(transcript.step({ kind: "applied", refused: [], isWarming: true }), []);
    transcript.receive(response(CDS, "v3", "n3", resources("a", "c")));
    assert.deepEqual(transcript.step({ kind: "applied", refused: [], isWarming: true }), []);
    assert.deepEqual(transcript.step({ kind: "warmed", typeUrl: CDS }), []);
    assert.deepEqual(transcript.step({ kind: "warmed", typeUrl: CDS }), [
      { version_info: "v3", type_url: CDS, response_nonce: "n3" },
    ]);
  });

  it("XC-35 acknowledges the first response at once, though its clusters warm", () => {
    const transcript = started();
    transcript.receive(response(CDS, "v1", "n1", resources("a")));
    assert.deepEqual(transcript.step({ kind: "applied", refused: [], isWarming: true }), [
      { version_info: "v1", type_url: CDS, response_nonce: "n1" },
    ]);
  });

  it("does not answer on a new stream what came on the old one", () => {
    const transcript = started();
    transcript.receive(response(CDS, "v1", "n1", resources("a")));
    transcript.step({ kind: "closed" }, { kind: "opened" });
    assert.deepEqual(transcript.applied(), []);
    assert.deepEqual(transcript.held(CDS), { a: "v1" });
  });

  it("forgets a name that was given up while its resource was being applied", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.receive(response(EDS, "e1", "n1", resources("a")));
    transcript.step({ kind: "unsubscribe", typeUrl: EDS, name: "a" });
    transcript.applied();
    assert.deepEqual(transcript.held(EDS), {});
  });

  it("XC-18 counts a failure for every subscription when a stream ends", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    transcript.step({ kind: "closed" }, { kind: "closed" });
    assert.equal(transcript.type(CDS).stats.updateFailure, 2);
    assert.equal(transcript.type(EDS).stats.updateFailure, 2);
  });

  it("XC-50 holds everything while the control plane is away", () => {
    const transcript = started();
    transcript.take(response(CDS, "v1", "n1", resources("a")));
    transcript.step({ kind: "closed" });
    assert.deepEqual(transcript.wait(86_400_000), []);
    assert.deepEqual(transcript.held(CDS), { a: "v1" });
  });
});
