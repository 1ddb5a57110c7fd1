import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemResolver } from "../../../data-plane/clusters/resolver.ts";
import type { DnsLookupFamily } from "../../../data-plane/resources/dns.ts";
import { startDnsServer } from "../../kit/dns-server.ts";

describe("systemResolver with servers of its own", () => {
  it("asks them, and tells the smallest TTL of the addresses that it takes", async () => {
    await using dns = await startDnsServer({ "a.test": { addresses: ["192.0.2.1", "192.0.2.2"], ttl: 9 } });
    const ask = (name: string, family: DnsLookupFamily) => {
      const resolver = { kind: "servers", servers: [`127.0.0.1:${dns.port}`] } as const;
      return systemResolver.resolve({ name, family, resolver, wantsTtl: false });
    };
    assert.deepEqual(await ask("a.test", "V4_ONLY"), { addresses: ["192.0.2.1", "192.0.2.2"], ttlMs: 9000 });
    assert.deepEqual(dns.questions, ["A a.test"]);
    assert.deepEqual((await ask("a.test", "AUTO")).addresses, ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(await ask("a.test", "V6_ONLY"), { addresses: [], ttlMs: undefined });
    assert.deepEqual(await ask("missing.test", "AUTO"), { addresses: [], ttlMs: undefined });
  });

  it("takes addresses of both families as asked", async () => {
    await using dns = await startDnsServer({ "a.test": { addresses: ["192.0.2.1", "2001:db8::1"], ttl: 0 } });
    const resolver = { kind: "servers", servers: [`127.0.0.1:${dns.port}`] } as const;
    const rows = [
      ["AUTO", ["2001:db8::1"]],
      ["V4_PREFERRED", ["192.0.2.1"]],
      ["ALL", ["192.0.2.1", "2001:db8::1"]],
    ] as const;
    for (const [family, addresses] of rows) {
      const answer = await systemResolver.resolve({ name: "a.test", family, resolver, wantsTtl: true });
      // A TTL of 0 says nothing.
      assert.deepEqual(answer, { addresses, ttlMs: undefined }, family);
    }
  });

  it("rejects when the servers fail", async () => {
    await using dns = await startDnsServer({ "a.test": "failure" });
    const resolver = { kind: "servers", servers: [`127.0.0.1:${dns.port}`] } as const;
    await assert.rejects(
      systemResolver.resolve({ name: "a.test", family: "V4_ONLY", resolver, wantsTtl: false }),
      { code: "ESERVFAIL" },
    );
  });
});

describe("systemResolver as the machine has it", () => {
  it("knows localhost, of the family that is asked for", async () => {
    const resolver = { kind: "system" } as const;
    const { addresses } = await systemResolver.resolve({
      name: "localhost",
      family: "V4_ONLY",
      resolver,
      wantsTtl: false,
    });
    assert.deepEqual(addresses, ["127.0.0.1"]);
  });

  it("has 60 s for the TTL of getaddrinfo, as Envoy", async () => {
    const resolver = { kind: "getaddrinfo" } as const;
    const question = { name: "localhost", family: "V4_ONLY", resolver, wantsTtl: true } as const;
    assert.equal((await systemResolver.resolve(question)).ttlMs, 60_000);
  });
});
