import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { covers, deltaInterest, noInterest, sotwInterest, type Interest } from "../../src/xds/interest.ts";
import { InterestPool } from "../../src/xds/interest-pool.ts";

const cds = { hasLegacyWildcard: true };
const eds = { hasLegacyWildcard: false };

function of(wildcard: Interest["wildcard"], ...names: readonly string[]): Interest {
  return { wildcard, names: new Set(names) };
}

describe("sotwInterest()", () => {
  const rows: readonly (readonly [string, Interest | undefined, readonly string[], typeof cds, Interest])[] =
    [
      [
        "XDS-18 a first request of CDS without names is the legacy wildcard",
        undefined,
        [],
        cds,
        of("legacy"),
      ],
      ["XDS-23 of EDS it is nothing", undefined, [], eds, of("none")],
      ["XDS-18 the legacy wildcard stays while no name is given", of("legacy"), [], cds, of("legacy")],
      ["XDS-19 * is a wildcard", undefined, ["*"], eds, of("explicit")],
      ["XDS-20 * with names is both", undefined, ["*", "a"], cds, of("explicit", "a")],
      ["XDS-21 names end *", of("explicit"), ["a"], cds, of("none", "a")],
      ["XDS-21 names end the legacy wildcard", of("legacy"), ["a"], cds, of("none", "a")],
      ["XDS-22 no names after names is nothing", of("none", "a"), [], cds, of("none")],
      ["XDS-22 no names after * is nothing", of("explicit"), [], cds, of("none")],
      ["XDS-22 nothing stays nothing", of("none"), [], cds, of("none")],
      [
        "XDS-28 the list replaces the one before",
        of("none", "a", "b"),
        ["b", "c"],
        eds,
        of("none", "b", "c"),
      ],
      ["XDS-29 a name counts once", undefined, ["a", "a"], eds, of("none", "a")],
    ];
  for (const [name, before, names, traits, after] of rows) {
    it(name, () => assert.deepEqual(sotwInterest(before, names, traits), after));
  }

  it("XDS-30 is the one before when the names are the same in another order", () => {
    const before = of("none", "a", "b");
    assert.equal(sotwInterest(before, ["b", "a"], eds), before);
  });
});

describe("deltaInterest()", () => {
  interface Row {
    readonly before?: Interest;
    readonly subscribe?: readonly string[];
    readonly unsubscribe?: readonly string[];
    readonly traits?: typeof cds;
    readonly after: Interest;
    readonly owed: readonly string[];
  }
  const rows: Readonly<Record<string, Row>> = {
    "XDS-72 a first request of CDS without names is the legacy wildcard": { after: of("legacy"), owed: [] },
    "XDS-23 of EDS it is nothing": { traits: eds, after: of("none"), owed: [] },
    "XDS-72 a first request with names is no wildcard": {
      subscribe: ["a"],
      after: of("none", "a"),
      owed: ["a"],
    },
    "XDS-73 * is a wildcard at any time": {
      before: of("none", "a"),
      subscribe: ["*"],
      after: of("explicit", "a"),
      owed: [],
    },
    "XDS-78 a name subscribed to again is owed": {
      before: of("none", "a"),
      subscribe: ["a"],
      after: of("none", "a"),
      owed: ["a"],
    },
    "XDS-79 an unsubscription owes nothing": {
      before: of("none", "a", "b"),
      unsubscribe: ["a"],
      after: of("none", "b"),
      owed: [],
    },
    "XDS-80 nor does one of a name never subscribed to": {
      before: of("none", "a"),
      unsubscribe: ["z"],
      after: of("none", "a"),
      owed: [],
    },
    "XDS-81 under a wildcard a name is owed for": {
      before: of("legacy", "a"),
      unsubscribe: ["a"],
      after: of("legacy"),
      owed: ["a"],
    },
    "XDS-81 also one that only the wildcard brings": {
      before: of("legacy"),
      unsubscribe: ["known"],
      after: of("legacy"),
      owed: ["known"],
    },
    "XDS-81 also when the wildcard comes with the same request": {
      before: of("none", "a"),
      subscribe: ["*"],
      unsubscribe: ["a"],
      after: of("explicit"),
      owed: ["a"],
    },
    "XDS-80 but none that nobody knows": {
      before: of("legacy"),
      unsubscribe: ["z"],
      after: of("legacy"),
      owed: [],
    },
    "XDS-82 a name leaves the legacy wildcard": {
      before: of("legacy"),
      subscribe: ["a"],
      after: of("legacy", "a"),
      owed: ["a"],
    },
    "XDS-82 unsubscribing from * leaves the names": {
      before: of("legacy", "a"),
      unsubscribe: ["*"],
      after: of("none", "a"),
      owed: [],
    },
    "a name in both lists stays": {
      before: of("none", "a"),
      subscribe: ["a"],
      unsubscribe: ["a"],
      after: of("none", "a"),
      owed: ["a"],
    },
  };
  for (const [
    name,
    { before, subscribe = [], unsubscribe = [], traits = cds, after, owed },
  ] of Object.entries(rows)) {
    it(name, () => {
      const change = deltaInterest(before, { subscribe, unsubscribe }, traits, (known) => known === "known");
      assert.deepEqual(change, { interest: after, owed: new Set(owed) });
    });
  }

  it("XDS-93 is the one before for a request that changes nothing", () => {
    const before = of("none", "a");
    assert.equal(deltaInterest(before, { subscribe: [], unsubscribe: [] }, cds, () => true).interest, before);
  });
});

describe("covers()", () => {
  it("takes an xdstp collection for a name like any other (XDS-32)", () => {
    const interest = of("none", "xdstp://a/t/*");
    assert.equal(covers(interest, "xdstp://a/t/*"), true);
    assert.equal(covers(interest, "xdstp://a/t/one"), false);
    assert.equal(covers(interest, "other"), false);
  });
});

const encodedOf = (name: string) => Buffer.from(`\x1a\x03${name}`);

describe("InterestPool", () => {
  it("gives equal interests one identity, in whatever order their names came", () => {
    const pool = new InterestPool();
    const interest = pool.intern(of("none", "a", "b"));
    assert.equal(pool.intern(of("none", "b", "a")), interest);
    assert.notEqual(pool.intern(of("explicit", "b", "a")), interest);
    assert.notEqual(pool.intern(of("none", "a\0b")), interest);
    assert.equal(pool.intern(of("none")), noInterest);
    assert.equal(pool.intern(of("legacy")), pool.intern(of("legacy")));
  });

  it("knows again the bytes that an interest was read from", () => {
    const pool = new InterestPool();
    const interest = pool.intern(of("none", "a"));
    const bytes = Buffer.from("\x1a\x01a");
    assert.equal(pool.isEncodedAs(interest, bytes), false);
    pool.noteEncoding(interest, bytes);
    bytes[2] = 0x62;
    assert.equal(pool.isEncodedAs(interest, Buffer.from("\x1a\x01a")), true);
    assert.equal(pool.isEncodedAs(interest, bytes), false);
  });

  it("knows the lists again that were read lately, and those alone", () => {
    const pool = new InterestPool();
    const held = Array.from({ length: 17 }, (_, index) => {
      const name = `n${String(index).padStart(2, "0")}`;
      const interest = pool.intern(of("none", name));
      pool.noteEncoding(interest, encodedOf(name));
      return { interest, encoded: encodedOf(name) };
    });
    assert.equal(pool.recentlyEncodedAs(held[16]!.encoded), held[16]!.interest);
    assert.equal(pool.recentlyEncodedAs(held[1]!.encoded), held[1]!.interest);
    assert.equal(pool.recentlyEncodedAs(held[0]!.encoded), undefined);
    assert.equal(pool.recentlyEncodedAs(encodedOf("new")), undefined);
    assert.equal(pool.recentlyEncodedAs(Buffer.alloc(0)), undefined);
  });
});
