import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { makeResource } from "../../src/snapshot/resource.ts";
import type { Plan } from "../../src/xds/change.ts";
import { Entries } from "../../src/xds/entries.ts";
import { encodeDelta, encodeSotw, ResponseCache } from "../../src/xds/response.ts";
import { splitPlan } from "../../src/xds/split-plan.ts";
import { CLUSTER } from "../../src/xds/type-traits.ts";

const schema = new Schema(loadDescriptors());
const envelope = { nonce: "n1", identifier: "réplica-1", hasTtls: true };

function planOf(sizes: readonly number[], removed: readonly string[] = []): Plan {
  const resources = sizes.map((size, index) =>
    makeResource({ typeUrl: CLUSTER, name: `näme-${index}`, bytes: Buffer.alloc(size, 1) }),
  );
  return { typeUrl: CLUSTER, version: "v1", resources, removed };
}

/** Lengths around those where a varint grows, and nothing at all. */
const plans: Readonly<Record<string, Plan>> = {
  nothing: planOf([]),
  "small and empty resources": planOf([0, 1, 100, 127, 128]),
  "a resource over 16 KiB": planOf([16_383, 16_384, 70_000]),
  "a resource over 2 MiB": planOf([2_100_000]),
  removals: planOf([3], ["a", "b".repeat(200)]),
};

describe("the encoded responses", () => {
  for (const [name, plan] of Object.entries(plans)) {
    it(`are what the schema makes of the same message, outer names and versions included (XDS-74): ${name}`, () => {
      const any = plan.resources.map(({ typeUrl, bytes }) => ({
        type_url: typeUrl,
        ...(bytes.length > 0 && { value: bytes }),
      }));
      const common = { type_url: CLUSTER, nonce: "n1", control_plane: { identifier: envelope.identifier } };
      const sotw = { version_info: "v1", ...(any.length > 0 && { resources: any }), ...common };
      const delta = {
        system_version_info: "v1",
        ...(any.length > 0 && {
          resources: plan.resources.map(({ name, version }, index) => ({
            name,
            version,
            resource: any[index],
          })),
        }),
        ...(plan.removed.length > 0 && { removed_resources: plan.removed }),
        ...common,
      };
      const discovery = "envoy.service.discovery.v3";
      assert.ok(
        encodeSotw(plan, envelope, new Entries()).bytes.equals(
          schema.encode(`${discovery}.DiscoveryResponse`, sotw),
        ),
      );
      assert.ok(
        encodeDelta(plan, envelope, new Entries()).bytes.equals(
          schema.encode(`${discovery}.DeltaDiscoveryResponse`, delta),
        ),
      );
    });
  }
});

describe("a resource with a TTL", () => {
  const ttlMs = 90_500;
  const resource = makeResource({ typeUrl: CLUSTER, name: "a", bytes: Buffer.from([10, 1, 97]), ttlMs });
  const plan: Plan = { typeUrl: CLUSTER, version: "v1", resources: [resource], removed: [] };
  const discovery = "envoy.service.discovery.v3";
  const any = { type_url: CLUSTER, value: resource.bytes };
  const ttl = { seconds: "90", nanos: 500_000_000 };
  const wrapped = { name: "a", version: resource.version, resource: any, ttl };
  const common = { type_url: CLUSTER, nonce: "n1", control_plane: { identifier: envelope.identifier } };

  it("XDS-109 comes in its wrapper in state of the world", () => {
    const value = schema.encode(`${discovery}.Resource`, wrapped);
    const resources = [{ type_url: `type.googleapis.com/${discovery}.Resource`, value }];
    const expected = schema.encode(`${discovery}.DiscoveryResponse`, {
      version_info: "v1",
      resources,
      ...common,
    });
    assert.ok(encodeSotw(plan, envelope, new Entries()).bytes.equals(expected));
  });

  it("XDS-17 comes without both for clients that do not understand them", () => {
    const sotw = { version_info: "v1", resources: [any], ...common };
    const expected = schema.encode(`${discovery}.DiscoveryResponse`, sotw);
    assert.ok(encodeSotw(plan, { ...envelope, hasTtls: false }, new Entries()).bytes.equals(expected));
  });

  it("XDS-108 is kept in delta by name, version and TTL, without its body", () => {
    const { name, version } = resource;
    const delta = { system_version_info: "v1", resources: [{ name, version, ttl }], ...common };
    const expected = schema.encode(`${discovery}.DeltaDiscoveryResponse`, delta);
    assert.ok(encodeDelta({ ...plan, isHeartbeat: true }, envelope, new Entries()).bytes.equals(expected));
  });

  it("has a version that the TTL is part of, so that clients learn of another one", () => {
    const { typeUrl, name, bytes, version } = resource;
    const versions = [undefined, 1000, ttlMs].map((ms) => {
      return makeResource({ typeUrl, name, bytes, ...(ms !== undefined && { ttlMs: ms }) }).version;
    });
    assert.equal(new Set(versions).size, 3);
    assert.equal(versions[2], version);
  });

  for (const bad of [0, -1, 1.5, NaN]) {
    it(`cannot have one of ${bad} ms`, () =>
      assert.throws(() => makeResource({ typeUrl: CLUSTER, name: "a", bytes: Buffer.alloc(0), ttlMs: bad }), {
        name: "RangeError",
        message: /TTL of a/,
      }));
  }
});

describe("names that lead elsewhere, or nowhere", () => {
  it("XDS-92 XDS-114 are aliases of what they lead to, or of themselves without a body", () => {
    const typeUrl = "type.googleapis.com/envoy.config.route.v3.VirtualHost";
    const found = makeResource({ typeUrl, name: "r/shop", bytes: Buffer.from([10, 1, 97]) });
    const other = makeResource({ typeUrl, name: "r/other", bytes: Buffer.from([10, 1, 98]) });
    const plan: Plan = {
      typeUrl,
      version: "v1",
      resources: [found, other],
      removed: ["r/old"],
      aliases: new Map([["r/shop", ["r/a.test", "r/b.test"]]]),
      missing: ["r/none.test"],
    };
    const bodyOf = ({ name, version, bytes: value }: typeof found) => ({
      name,
      version,
      resource: { type_url: typeUrl, value },
    });
    const expected = schema.encode("envoy.service.discovery.v3.DeltaDiscoveryResponse", {
      system_version_info: "v1",
      resources: [
        { ...bodyOf(found), aliases: ["r/a.test", "r/b.test"] },
        bodyOf(other),
        { name: "r/none.test", version: "v1", aliases: ["r/none.test"] },
      ],
      removed_resources: ["r/old"],
      type_url: typeUrl,
      nonce: "n1",
      control_plane: { identifier: envelope.identifier },
    });
    assert.ok(encodeDelta(plan, envelope, new Entries()).bytes.equals(expected));
  });
});

describe("ResponseCache", () => {
  it("comes framed for gRPC in the memory of the message, so that it is one write and no copy", () => {
    const plan: Plan = { typeUrl: CLUSTER, version: "v", resources: [], removed: [] };
    const { bytes, framed } = new ResponseCache("me").take("delta", plan, 0);
    assert.deepEqual([...framed.subarray(0, 5)], [0, 0, 0, 0, bytes.length]);
    assert.equal(framed.length, bytes.length + 5);
    assert.equal(framed.buffer, bytes.buffer);
    assert.equal(framed.byteOffset + 5, bytes.byteOffset);
  });

  it("XDS-127 encodes a plan once, and anew for a stream that was sent it before (XDS-33)", () => {
    const cache = new ResponseCache("id");
    const plan = planOf([1]);
    const first = cache.take("sotw", plan, 0);
    assert.equal(cache.take("sotw", plan, 0), first);
    const again = cache.take("sotw", plan, first.serial);
    assert.notEqual(again.nonce, first.nonce);
    assert.equal(cache.take("sotw", plan, 0), again);
    assert.notEqual(cache.take("delta", plan, 0), again);
  });
});

describe("splitPlan()", () => {
  it("XDS-91 keeps a plan that fits as it is", () => {
    const plan = planOf([10, 10], ["a"]);
    assert.deepEqual(splitPlan(plan), [plan]);
    assert.equal(splitPlan(plan)[0], plan);
  });

  it("XDS-91 cuts between resources, removals last, nothing lost, each part within the limit", () => {
    const plan = planOf([400, 400, 400, 2000, 10], ["x", "y"]);
    const parts = splitPlan(plan, 1200);
    assert.deepEqual(
      parts.map(({ resources, removed }) => [resources.length, removed.length]),
      [
        [2, 0],
        [1, 0],
        [1, 0],
        [1, 2],
      ],
    );
    assert.deepEqual(
      parts.flatMap(({ resources }) => resources),
      plan.resources,
    );
  });
});
