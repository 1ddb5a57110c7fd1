import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostNamesOf } from "../../src/xds/virtual-host-names.ts";
import { WireWriter } from "../../src/xds/wire.ts";
import { type Contents, SessionClient, snapshotOf, urlOf } from "./session-client.ts";

/** A VirtualHost: its domains, and a text that stands for the rest in an unknown field. */
function host(domains: readonly string[], text = ""): string {
  const parts = [...domains.map((domain) => [2, domain] as const), [15, text] as const];
  return Buffer.concat(
    parts.map(([field, value]) => {
      const writer = new WireWriter(2 + value.length);
      writer.open(field, value.length);
      writer.bytes.write(value, 2);
      return writer.bytes;
    }),
  ).toString("latin1");
}

const contents: Contents = {
  VHDS: {
    "r/shop": host(["shop.example", "www.shop.example"]),
    "r/wild": host(["*.example", "*-v2.example"]),
    "r/long": host(["*.deep.example"]),
    "r/prefix": host(["api.*"]),
    "other/all": host(["*"]),
    "team/r/nested": host(["nested.example"]),
  },
};

/** What is asked for as VHDS, in delta; the parts of the answer that VHDS adds. */
function answered(client: SessionClient) {
  const plan = client.next()?.response.plan;
  return {
    names: plan?.resources.map(({ name }) => name),
    aliases: Object.fromEntries(plan?.aliases ?? []),
    missing: plan?.missing,
    removed: plan?.removed,
  };
}

describe("the virtual host for a host", () => {
  const { find } = hostNamesOf(snapshotOf(contents).typeSet(urlOf("VHDS")));
  const rows: Readonly<Record<string, string | undefined>> = {
    "r/shop": "r/shop",
    "r/shop.example": "r/shop",
    "r/WWW.Shop.Example": "r/shop",
    "r/a.example": "r/wild",
    "r/a-v2.example": "r/wild",
    "r/a.deep.example": "r/long",
    "r/.deep.example": "r/wild",
    "r/api.corp": "r/prefix",
    "r/api.": undefined,
    "r/shop.example:8080": undefined,
    "r/unknown.test": undefined,
    "other/unknown.test": "other/all",
    "team/r/nested.example": "team/r/nested",
    "shop.example": undefined,
    r: undefined,
  };
  for (const [asked, found] of Object.entries(rows)) {
    it(`XDS-114 of ${asked} is ${found ?? "none"}`, () => assert.equal(find(asked), found));
  }

  it("XDS-11 bytes that are no virtual host have no domains", () => {
    const { find: among } = hostNamesOf(snapshotOf({ VHDS: { "r/x": "\xff\xff" } }).typeSet(urlOf("VHDS")));
    assert.equal(among("r/a"), undefined);
    assert.equal(among("r/x"), "r/x");
  });
});

describe("VHDS", () => {
  it("XDS-92 XDS-114 answers a host with its virtual host, under its own name, and every name asked for as alias", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/shop.example", "r/www.shop.example"] });
    assert.deepEqual(answered(client), {
      names: ["r/shop"],
      aliases: { "r/shop": ["r/shop.example", "r/www.shop.example"] },
      missing: [],
      removed: [],
    });
  });

  it("XDS-92 sends a virtual host again when another name that leads to it is asked for", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/shop.example"] });
    client.settle();
    client.delta("VHDS", { subscribe: ["r/www.shop.example"] });
    assert.deepEqual(answered(client), {
      names: ["r/shop"],
      aliases: { "r/shop": ["r/shop.example", "r/www.shop.example"] },
      missing: [],
      removed: [],
    });
  });

  it("XDS-114 answers a host that does not exist with its name, as alias too, and no body", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/unknown.test"] });
    const { names, missing, removed } = answered(client);
    assert.deepEqual({ names, missing, removed }, { names: [], missing: ["r/unknown.test"], removed: [] });
  });

  it("XDS-114 answers it again when it is asked for again, and with the virtual host once there is one", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/unknown.test"] });
    client.settle();
    client.delta("VHDS", { subscribe: ["r/unknown.test"] });
    assert.deepEqual(answered(client).missing, ["r/unknown.test"]);
    client.ack("VHDS");
    client.set({ VHDS: { ...contents.VHDS, "r/late": host(["unknown.test"]) } });
    const { names, aliases } = answered(client);
    assert.deepEqual({ names, aliases }, { names: ["r/late"], aliases: { "r/late": ["r/unknown.test"] } });
  });

  it("XDS-65 removes a virtual host that goes by its own name", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/shop.example"] });
    client.settle();
    client.set({ VHDS: { "other/all": host(["*"]) } });
    assert.deepEqual(answered(client).removed, ["r/shop"]);
    client.ack("VHDS");
    assert.deepEqual(client.drain(), []);
  });

  it("XDS-75 sends a change of a virtual host that was found by its host, and of no other", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/shop.example"] });
    client.settle();
    client.set({
      VHDS: { ...contents.VHDS, "r/shop": host(["shop.example"], "new"), "r/long": host(["x.y"]) },
    });
    assert.deepEqual(client.drain(), ["VHDS r/shop"]);
  });

  it("XDS-114 sends the virtual host that a host leads to now, when domains moved between two", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/shop.example"] });
    client.settle();
    client.set({
      VHDS: { ...contents.VHDS, "r/shop": host(["www.shop.example"]), "r/wild": host(["shop.example"]) },
    });
    assert.deepEqual(client.drain(), ["VHDS r/wild r/shop"]);
  });

  it("XDS-16 finds it when the node is given a group only later", () => {
    const client = new SessionClient("delta");
    client.delta("VHDS", { subscribe: ["r/shop.example"] });
    assert.deepEqual(client.drain(), []);
    client.set(contents);
    assert.deepEqual(answered(client).aliases, { "r/shop": ["r/shop.example"] });
  });

  it("XDS-84 removes on a new stream what the client states and is no more", () => {
    const client = new SessionClient("delta", contents);
    client.delta("VHDS", { subscribe: ["r/shop.example"], initial: { "r/gone": "1" } });
    const { names, removed, missing } = answered(client);
    assert.deepEqual({ names, removed, missing }, { names: ["r/shop"], removed: ["r/gone"], missing: [] });
  });
});

/** A RouteConfiguration with an empty `vhds`. */
const withVhds = "J\x00";

describe("a route configuration with VHDS", () => {
  const routes: Contents = { RDS: { r: withVhds, plain: "", "team/q": withVhds } };

  it("XDS-114 is told at once, on the stream of all types, that it may go on, for it asks for no host at first", () => {
    const client = new SessionClient("delta", routes);
    client.delta("RDS", { subscribe: ["r", "plain"] });
    client.settle();
    client.delta("VHDS");
    assert.deepEqual(client.settle(), ["VHDS -r/"]);
  });

  it("XDS-114 is told after it was sent, when another one began before", () => {
    const client = new SessionClient("delta", routes);
    client.delta("RDS", { subscribe: ["r"] });
    client.settle();
    client.delta("VHDS");
    client.settle();
    client.delta("RDS", { subscribe: ["team/q", "plain"] });
    assert.deepEqual(client.settle(), ["RDS team/q plain", "VHDS -team/q/"]);
    client.set({ RDS: { ...routes.RDS, r: `${withVhds}J\x00` } });
    assert.deepEqual(client.settle(), ["RDS r", "VHDS -r/"]);
    assert.deepEqual(client.drain(), []);
  });

  it("XDS-103 is told on a stream of virtual hosts alone, whatever that is worth", () => {
    const service = { kind: "type", typeUrl: urlOf("VHDS") } as const;
    const client = new SessionClient("delta", routes, { service });
    client.delta("VHDS");
    assert.deepEqual(client.settle(), ["VHDS -r/ -team/q/"]);
    client.set({ RDS: { ...routes.RDS, r: `${withVhds}J\x00` } });
    assert.deepEqual(client.settle(), ["VHDS -r/"]);
  });

  it("XDS-23 nothing is sent to a client that has none", () => {
    const client = new SessionClient("delta", { RDS: { plain: "", odd: "\xff" } });
    client.delta("RDS", { subscribe: ["plain", "odd"] });
    client.delta("VHDS");
    assert.deepEqual(client.settle(), ["RDS plain odd"]);
  });
});
