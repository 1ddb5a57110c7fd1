import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Slices } from "../../src/server/slices.ts";

/** Slices whose turns a test begins, and work that takes as long as it says. */
class Turns {
  readonly done: string[] = [];
  readonly slices: Slices;
  #nowMs = 0;
  #next: (() => void)[] = [];

  constructor() {
    this.slices = new Slices({ monotonic: () => this.#nowMs }, (callback) => this.#next.push(callback));
  }

  work(name: string, tookMs: number): void {
    this.done.push(name);
    this.#nowMs += tookMs;
  }

  *steps(name: string, count: number, tookMs: number): Generator<undefined, string> {
    for (let step = 1; step <= count; step += 1) {
      this.work(`${name}${step}`, tookMs);
      yield;
    }
    return `${name} made`;
  }

  /** Begins the next turn; answers what was done in it. */
  turn(): readonly string[] {
    const before = this.done.length;
    const callbacks = this.#next;
    this.#next = [];
    // Other work, which is not to count.
    this.#nowMs += 1000;
    for (const callback of callbacks) callback();
    return this.done.slice(before);
  }

  get areOver(): boolean {
    return this.#next.length === 0;
  }
}

describe("Slices", () => {
  it("does at once what fits into the turn", () => {
    const turns = new Turns();
    turns.slices.do(() => turns.work("a", 5));
    turns.slices.do(() => turns.work("b", 5));
    assert.deepEqual(turns.done, ["a", "b"]);
  });

  it("XDS-126 leaves for the next turns what does not, however many ask for it, and in their order", () => {
    const turns = new Turns();
    for (const name of ["a", "b", "c", "d", "e"]) turns.slices.do(() => turns.work(name, 10));
    assert.deepEqual(turns.done, ["a", "b"]);
    turns.slices.do(() => turns.work("f", 1));
    assert.deepEqual(turns.turn(), ["c", "d"]);
    assert.deepEqual(turns.turn(), ["e", "f"]);
    turns.turn();
    assert.ok(turns.areOver);
  });

  it("leaves room for what a task leads to outside of slices", () => {
    const turns = new Turns();
    const { slices } = turns;
    for (const name of ["a", "b", "c", "d"]) {
      slices.do(() => {
        turns.work(name, 0);
        slices.charge(10);
      });
    }
    assert.deepEqual(turns.done, ["a", "b"]);
    assert.deepEqual(turns.turn(), ["c", "d"]);
  });

  it("leaves room too for what comes of something that was done outside of slices, in its turn and no other", () => {
    const turns = new Turns();
    turns.slices.charge(15);
    for (const name of ["a", "b"]) turns.slices.do(() => turns.work(name, 1));
    assert.deepEqual(turns.done, []);
    assert.deepEqual(turns.turn(), ["a", "b"]);
  });

  it("XDS-126 stops between two steps of a long work, and resolves to what that makes", async () => {
    const turns = new Turns();
    const made = turns.slices.run(turns.steps("a", 5, 8));
    assert.deepEqual(turns.done, ["a1", "a2"]);
    assert.deepEqual(turns.turn(), ["a3", "a4"]);
    assert.deepEqual(turns.turn(), ["a5"]);
    assert.equal(await made, "a made");
  });

  it("gives every work its turn: what is short does not wait for the end of what is long", () => {
    const turns = new Turns();
    void turns.slices.run(turns.steps("a", 6, 8));
    turns.slices.do(() => turns.work("short", 1));
    void turns.slices.run(turns.steps("b", 2, 8));
    assert.deepEqual(turns.done, ["a1", "a2"]);
    assert.deepEqual(turns.turn(), ["a3", "short", "b1"]);
    assert.deepEqual(turns.turn(), ["a4", "b2"]);
    assert.deepEqual(turns.turn(), ["a5", "a6"]);
  });

  it("does what is asked for within a piece after it, not inside of it", () => {
    const turns = new Turns();
    turns.slices.do(() => {
      turns.slices.do(() => turns.work("inner", 1));
      turns.work("outer", 1);
    });
    assert.deepEqual(turns.done, ["outer", "inner"]);
  });

  it("rejects with what a work throws, and goes on with the others", async () => {
    const turns = new Turns();
    const broken = turns.slices.run(
      (function* () {
        yield undefined;
        throw new RangeError("two of one name");
      })(),
    );
    await assert.rejects(broken, /two of one name/);
    turns.slices.do(() => turns.work("next", 1));
    assert.deepEqual(turns.done, ["next"]);
  });

  it("goes on with the others when a task throws at its caller", () => {
    const turns = new Turns();
    assert.throws(() => turns.slices.do(() => assert.fail("no")), /no/);
    turns.slices.do(() => turns.work("next", 1));
    assert.deepEqual(turns.done, ["next"]);
  });
});
