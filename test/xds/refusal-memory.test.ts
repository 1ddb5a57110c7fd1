import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RefusalMemory } from "../../src/xds/refusal-memory.ts";

describe("RefusalMemory", () => {
  it("XDS-60 remembers a refusal of a node and type until its ACK", () => {
    const memory = new RefusalMemory();
    memory.noteRefusal("n", "cds", 0);
    assert.equal(memory.has("n", "cds", 1), true);
    assert.equal(memory.has("n", "lds", 1), false);
    assert.equal(memory.has("m", "cds", 1), false);
    memory.noteAck("n", "cds");
    assert.equal(memory.has("n", "cds", 1), false);
  });

  it("XDS-60 is bounded in time and in number, the oldest going first", () => {
    const memory = new RefusalMemory(1000, 2);
    memory.noteRefusal("a", "cds", 0);
    memory.noteRefusal("b", "cds", 1);
    memory.noteRefusal("a", "cds", 2);
    memory.noteRefusal("c", "cds", 3);
    assert.deepEqual(
      ["a", "b", "c"].map((node) => memory.has(node, "cds", 4)),
      [true, false, true],
    );
    assert.equal(memory.has("c", "cds", 1003), false);
  });
});
