import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newServer, SessionClient, type Contents } from "./session-client.ts";

const contents: Contents = {
  RTDS: { layer: "1" },
  CDS: { a: "EDS/x", b: "1" },
  EDS: { x: "1" },
  LDS: { l: "ECDS/filter" },
  ECDS: { filter: "1" },
  SRDS: { one: "RDS/r", two: "RDS/s" },
  RDS: { r: "1", s: "1" },
};

const client = () => new SessionClient("delta", contents, { server: newServer({ order: true }) });

describe("rarer types", () => {
  it("XDS-113 answers clusters on demand by name, those that do not exist at once, and their endpoints", () => {
    const one = client();
    one.delta("CDS", { subscribe: ["a", "gone"] });
    assert.deepEqual(one.drain(), ["CDS a -gone"]);
    one.delta("EDS", { subscribe: ["x"] });
    assert.deepEqual(one.drain(), ["EDS x"]);
  });

  it("XDS-115 sends an extension config that is asked for, and takes it away after its listener", () => {
    const one = client();
    one.delta("LDS");
    one.delta("ECDS", { subscribe: ["filter"] });
    assert.deepEqual(one.drain(), ["LDS l", "ECDS filter"]);
    one.ack("LDS");
    one.ack("ECDS");
    one.set({ LDS: { l: "plain" } });
    assert.deepEqual(one.drain(), ["LDS l"]);
    one.ack("LDS");
    assert.deepEqual(one.drain(), ["ECDS -filter"]);
  });

  it("XDS-116 sends runtime layers by name, before clusters", () => {
    const one = client();
    one.delta("CDS");
    one.delta("RTDS", { subscribe: ["layer"] });
    assert.deepEqual(one.drain(), ["RTDS layer", "CDS a b"]);
  });

  it("XDS-117 sends scopes by wildcard, their routes as they are asked for, and removes scopes first", () => {
    const one = client();
    one.delta("SRDS");
    one.delta("RDS", { subscribe: ["r", "s"] });
    assert.deepEqual(one.settle(), ["SRDS one two", "RDS r s"]);
    one.set({ SRDS: { one: "RDS/r" }, RDS: { r: "1" } });
    assert.deepEqual(one.drain(), ["SRDS -two"]);
    one.ack("SRDS");
    assert.deepEqual(one.drain(), ["RDS -s"]);
  });
});
