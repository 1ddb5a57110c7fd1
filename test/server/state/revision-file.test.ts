import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeRevision, encodeRevision } from "../../../src/server/state/revision-file.ts";
import { makeResource } from "../../../src/snapshot/resource.ts";
import { makeRevision } from "../../../src/snapshot/revision.ts";
import { Snapshot } from "../../../src/snapshot/snapshot.ts";

function resource(name: string, content: string) {
  return makeResource({ typeUrl: "type.googleapis.com/T", name, bytes: Buffer.from(content) });
}

const shared = resource("shared", "in both groups, ünïcode");
const revision = makeRevision({
  groups: [
    {
      name: "edge",
      match: { cluster: "edge", id: "e-*" },
      snapshot: Snapshot.of([shared, resource("a", "")]),
    },
    { name: "inner", match: {}, snapshot: Snapshot.of([shared]) },
    { name: "empty", match: { cluster: "none" }, snapshot: Snapshot.of([]) },
  ],
  source: { kind: "folder", path: "/config" },
  createdAtMs: 1234,
});

describe("encodeRevision() and decodeRevision()", () => {
  it("give the same revision back: id, groups in order, matches, names, versions and bytes", () => {
    assert.deepEqual(decodeRevision(encodeRevision(revision)), revision);
  });

  it("XDS-137 keep the rules of authorization, so that a restart does not open what was closed", () => {
    const authorization = { rules: [{ principals: ["spiffe://a/*"], groups: ["edge"], isOperator: false }] };
    const { groups, source, createdAtMs } = revision;
    const guarded = makeRevision({ groups: groups.values(), source, createdAtMs, authorization });
    assert.deepEqual(decodeRevision(encodeRevision(guarded)), guarded);
  });

  it("write a resource that several groups share once", () => {
    const text = encodeRevision(revision).toString();
    assert.equal(text.split("in both groups").length, 2);
  });

  it("refuse another format and a content that does not give its id", () => {
    assert.throws(
      () => decodeRevision(Buffer.from('{"format":"chancery-revision/9"}\n')),
      /not a file of the format/,
    );
    const damaged = encodeRevision(revision);
    damaged[damaged.length - 1] = 0;
    assert.throws(() => decodeRevision(damaged), /content has the id/);
    assert.throws(() => decodeRevision(Buffer.from("{")), SyntaxError);
  });
});
