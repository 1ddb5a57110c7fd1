import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Roster } from "../../../data-plane/network/roster.ts";

const member = (name: string) => ({ name, place: -1 });
const names = (roster: Roster<ReturnType<typeof member>>) =>
  roster
    .list()
    .map(({ name }) => name)
    .toSorted();

describe("Roster", () => {
  it("finds each of its members again, whoever has left before", () => {
    const roster = new Roster<ReturnType<typeof member>>();
    const [a, b, c, d] = [member("a"), member("b"), member("c"), member("d")];
    for (const each of [a, b, c, d]) roster.add(each);
    roster.delete(a);
    roster.delete(d);
    assert.deepEqual(names(roster), ["b", "c"]);
    roster.add(a);
    roster.delete(b);
    assert.deepEqual(names(roster), ["a", "c"]);
    assert.equal(roster.size, 2);
    for (const each of [c, a]) roster.delete(each);
    assert.equal(roster.size, 0);
  });

  it("takes no notice of who is struck off a second time", () => {
    const roster = new Roster<ReturnType<typeof member>>();
    const [a, b] = [member("a"), member("b")];
    roster.add(a);
    roster.add(b);
    roster.delete(a);
    roster.delete(a);
    assert.deepEqual(names(roster), ["b"]);
  });

  it("gives a list that does not change with it", () => {
    const roster = new Roster<ReturnType<typeof member>>();
    for (const name of ["a", "b", "c"]) roster.add(member(name));
    for (const each of roster.list()) roster.delete(each);
    assert.equal(roster.size, 0);
  });

  it("lets a member go to another roster", () => {
    const one = new Roster<ReturnType<typeof member>>();
    const other = new Roster<ReturnType<typeof member>>();
    const [a, b] = [member("a"), member("b")];
    one.add(a);
    one.add(b);
    one.delete(a);
    other.add(a);
    assert.deepEqual([names(one), names(other)], [["b"], ["a"]]);
  });
});
