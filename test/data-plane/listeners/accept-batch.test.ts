import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AcceptBatch } from "../../../data-plane/listeners/accept-batch.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

/** A batch of connections that are letters, with turns that end when the test says so. */
function batch() {
  const clock = new FakeClock();
  const handedOn: string[] = [];
  let onTurn: (() => void) | undefined;
  const accepted = new AcceptBatch<string>({
    clock,
    later(callback) {
      assert.equal(onTurn, undefined, "once in each turn");
      onTurn = callback;
    },
    handOn: (connection) => void handedOn.push(connection),
  });
  const endTurn = () => {
    const due = onTurn;
    onTurn = undefined;
    due?.();
  };
  return { accepted, clock, handedOn, endTurn, isWaiting: () => onTurn !== undefined };
}

describe("AcceptBatch", () => {
  it("hands a connection on when the next turn brings no other", () => {
    const { accepted, handedOn, endTurn, isWaiting } = batch();
    accepted.add("a");
    endTurn();
    assert.deepEqual(handedOn, []);
    endTurn();
    assert.deepEqual(handedOn, ["a"]);
    assert.equal(isWaiting(), false);
  });

  it("collects as long as every turn brings one more, and keeps their order", () => {
    const { accepted, handedOn, endTurn } = batch();
    for (const connection of ["a", "b", "c"]) {
      accepted.add(connection);
      endTurn();
    }
    assert.deepEqual(handedOn, []);
    endTurn();
    assert.deepEqual(handedOn, ["a", "b", "c"]);
  });

  it("lets nobody wait for more than a millisecond and the turn that it ends in", () => {
    const { accepted, clock, handedOn, endTurn } = batch();
    accepted.add("a");
    endTurn();
    clock.advance(1);
    accepted.add("b");
    endTurn();
    assert.deepEqual(handedOn, ["a", "b"]);
  });

  it("lets no more than 64 wait", () => {
    const { accepted, handedOn, endTurn } = batch();
    for (let count = 0; count < 64; count += 1) {
      assert.equal(handedOn.length, 0);
      accepted.add("a");
      endTurn();
    }
    assert.equal(handedOn.length, 64);
  });

  it("begins anew after it handed on, also with what comes while it does", () => {
    const { accepted, handedOn, endTurn } = batch();
    accepted.add("a");
    endTurn();
    endTurn();
    accepted.add("b");
    endTurn();
    assert.deepEqual(handedOn, ["a"]);
    endTurn();
    assert.deepEqual(handedOn, ["a", "b"]);
  });
});
