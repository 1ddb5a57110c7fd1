import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CDS, EDS, malformed, resources, response, Transcript } from "./session-kit.ts";

function started(): Transcript {
  const transcript = new Transcript("delta");
  transcript.step({ kind: "opened" });
  transcript.subscribeAll(CDS);
  return transcript;
}

describe("delta session: requests", () => {
  it("XC-19 asks for all clusters without a name, and for endpoints by name", () => {
    const transcript = new Transcript("delta");
    transcript.step({ kind: "opened" });
    assert.deepEqual(transcript.subscribeAll(CDS), [{ hasNode: true, type_url: CDS }]);
    assert.deepEqual(transcript.subscribe(EDS, "a", "b"), [
      { type_url: EDS, resource_names_subscribe: ["a", "b"] },
    ]);
  });

  it("XC-21 begins a new stream with exactly what is applied, at the versions that are applied", () => {
    const transcript = started();
    transcript.take(response(CDS, "s1", "n1", resources("a@1", "b@1", "c@1")));
    transcript.take(response(CDS, "s2", "n2", resources("a@2", "b@2", "d@2"), { removed: ["c"] }), {
      name: "b",
      reason: "no",
    });
    transcript.step({ kind: "closed" });
    assert.deepEqual(transcript.step({ kind: "opened" }), [
      { hasNode: true, type_url: CDS, initial_resource_versions: { a: "2", b: "1", d: "2" } },
    ]);
  });

  it("XC-21 names no version of a resource that the server removed or that was given up", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a", "b", "c");
    transcript.take(response(EDS, "", "n1", resources("a@1", "b@1", "c@1")));
    transcript.take(response(EDS, "", "n2", [], { removed: ["a"] }));
    transcript.step({ kind: "unsubscribe", typeUrl: EDS, name: "b" }, { kind: "closed" });
    assert.deepEqual(transcript.step({ kind: "opened" })[1], {
      type_url: EDS,
      resource_names_subscribe: ["a", "c"],
      initial_resource_versions: { c: "1" },
    });
  });

  it("XC-24 tells the changes of names of one turn in one message", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a", "b");
    const sent = transcript.step(
      { kind: "unsubscribe", typeUrl: EDS, name: "a" },
      { kind: "subscribe", typeUrl: EDS, name: "c", timeoutMs: 0 },
      { kind: "turn-ended" },
    );
    assert.deepEqual(sent, [
      { type_url: EDS, resource_names_subscribe: ["c"], resource_names_unsubscribe: ["a"] },
    ]);
  });

  it("XC-36 subscribes again to a name whose cluster changed hands within a turn", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    const sent = transcript.step(
      { kind: "unsubscribe", typeUrl: EDS, name: "a" },
      { kind: "subscribe", typeUrl: EDS, name: "a", timeoutMs: 0 },
      { kind: "turn-ended" },
    );
    assert.deepEqual(sent, [{ type_url: EDS, resource_names_subscribe: ["a"] }]);
  });

  it("XC-36 subscribes again to refresh a name", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    const sent = transcript.step({ kind: "refresh", typeUrl: EDS, name: "a" }, { kind: "turn-ended" });
    assert.deepEqual(sent, [{ type_url: EDS, resource_names_subscribe: ["a"] }]);
  });

  it("unsubscribes a name that was to be refreshed", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    const sent = transcript.step(
      { kind: "refresh", typeUrl: EDS, name: "a" },
      { kind: "unsubscribe", typeUrl: EDS, name: "a" },
      { kind: "turn-ended" },
    );
    assert.deepEqual(sent, [{ type_url: EDS, resource_names_unsubscribe: ["a"] }]);
  });
});

describe("delta session: responses", () => {
  it("XC-24 acknowledges with the nonce alone", () => {
    const transcript = started();
    assert.deepEqual(transcript.receive(response(CDS, "s1", "n1", resources("a@1"))), [
      { apply: ["a"], removed: [] },
    ]);
    assert.deepEqual(transcript.applied(), [{ type_url: CDS, response_nonce: "n1" }]);
  });

  it("XC-27 refuses with nonce and code 13", () => {
    const sent = started().take(response(CDS, "s1", "n1", resources("a@1", "b@1")), {
      name: "b",
      reason: "no",
    });
    assert.deepEqual(sent, [
      {
        type_url: CDS,
        response_nonce: "n1",
        error_detail: { code: 13, message: "Error adding/updating cluster(s) b: no" },
      },
    ]);
  });

  it("XC-28 carries out removals of a response that is refused in part", () => {
    const transcript = started();
    transcript.take(response(CDS, "s1", "n1", resources("a@1", "b@1")));
    transcript.take(response(CDS, "s2", "n2", resources("b@2"), { removed: ["a"] }), {
      name: "b",
      reason: "no",
    });
    assert.deepEqual(transcript.held(CDS), { b: "1" });
  });

  it("XC-28 carries out nothing of a malformed response", () => {
    const transcript = started();
    transcript.take(response(CDS, "s1", "n1", resources("a@1")));
    transcript.receive(malformed(CDS, "n2", "duplicate name a found among added/updated resources"));
    assert.deepEqual(transcript.held(CDS), { a: "1" });
  });

  it("ignores the removal of a cluster that it does not hold", () => {
    const transcript = started();
    assert.deepEqual(transcript.receive(response(CDS, "s1", "n1", resources("a@1"), { removed: ["x"] })), [
      { apply: ["a"], removed: [] },
    ]);
  });

  it("XC-38 hands on the removal of endpoints that never came, which ends a warming", () => {
    const transcript = started();
    transcript.subscribe(EDS, "a");
    assert.deepEqual(transcript.receive(response(EDS, "", "n1", [], { removed: ["a", "x"] })), [
      { apply: [], removed: ["a"] },
    ]);
    assert.deepEqual(transcript.applied(), [{ type_url: EDS, response_nonce: "n1" }]);
    assert.deepEqual(transcript.wait(20_000), [{ "end-fetch": [], end: "timeout" }]);
  });

  it("XC-35 tells every ACK that waited for clusters to warm", () => {
    const transcript = started();
    transcript.take(response(CDS, "s1", "n1", resources("a@1")));
    transcript.receive(response(CDS, "s2", "n2", resources("b@1")));
    transcript.step({ kind: "applied", refused: [], isWarming: true });
    transcript.take(response(CDS, "s3", "n3", resources("c@1")), { name: "c", reason: "no" });
    const sent = transcript.step({ kind: "warmed", typeUrl: CDS });
    assert.deepEqual(
      sent.map((request) => [request["response_nonce"], request["error_detail"] !== undefined]),
      [
        ["n2", false],
        ["n3", true],
      ],
    );
  });
});
