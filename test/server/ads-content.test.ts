import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { adsDelta, adsSotw, RawXdsClient, type RawXdsStream } from "../kit/raw-xds-client.ts";
import { type Contents, snapshotOf, urlOf } from "../xds/session-client.ts";

const node = { id: "node-1", cluster: "edge", user_agent_name: "envoy" };

function revisionOf(contents: Contents) {
  const groups = [{ name: "all", match: {}, snapshot: snapshotOf(contents) }];
  return makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 });
}

async function startServer(contents: Contents) {
  const server = createAdsServer({ address: "127.0.0.1:0", identifier: "replica-1", drainMs: 0 });
  server.setRevision(revisionOf(contents));
  const { port } = await server.start();
  const client = new RawXdsClient(port);
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server.close();
    },
  };
}

/** Numbered resources of 2 KiB each: 2,000 of them are about 4 MiB, the limit that gRPC clients have by default. */
function numbered(prefix: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`${prefix}${i}`, "x".repeat(2048)]));
}

/** Reads and accepts responses of a type on a delta stream until so many resources have come. */
async function collect(stream: RawXdsStream, label: "CDS" | "EDS", count: number): Promise<number> {
  let seen = 0;
  while (seen < count) {
    const { typeUrl, nonce, resources } = await stream.next();
    assert.equal(typeUrl, urlOf(label));
    seen += resources.length;
    stream.send({ type_url: typeUrl, response_nonce: nonce });
  }
  return seen;
}

/** Type and values of the next response for the secret `s`, which is accepted. */
async function valuesOf(stream: RawXdsStream): Promise<string[]> {
  const { typeUrl, version, nonce, resources } = await stream.next();
  stream.send({ type_url: typeUrl, resource_names: ["s"], version_info: version, response_nonce: nonce });
  return [typeUrl, ...resources.map(({ value }) => value.toString())];
}

const secret = (text: string) => [urlOf("SDS"), text];

describe("ADS server", () => {
  it("XDS-121 brings 2,000 clusters and their endpoints whole in state of the world", async () => {
    await using up = await startServer({ CDS: numbered("c"), EDS: numbered("e") });
    const stream = up.client.open(adsSotw);
    stream.send({ node, type_url: urlOf("CDS") });
    assert.equal((await stream.next()).resources.length, 2000);
    stream.send({ type_url: urlOf("EDS"), resource_names: Object.keys(numbered("e")) });
    assert.equal((await stream.next()).resources.length, 2000);
  });

  it("XDS-121 brings 2,000 clusters and their endpoints whole in delta", async () => {
    await using up = await startServer({ CDS: numbered("c"), EDS: numbered("e") });
    const clusters = up.client.open(adsDelta);
    clusters.send({ node, type_url: urlOf("CDS") });
    assert.equal(await collect(clusters, "CDS", 2000), 2000);
    const endpoints = up.client.open(adsDelta);
    const names = Object.keys(numbered("e"));
    endpoints.send({ node, type_url: urlOf("EDS"), resource_names_subscribe: names });
    assert.equal(await collect(endpoints, "EDS", 2000), 2000);
  });

  it("XDS-118 XDS-102 pushes a changed secret by name, and no cluster or listener with it", async () => {
    const content = { CDS: { a: "1" }, LDS: { l: "1" }, SDS: { s: "1", other: "1" } };
    await using up = await startServer(content);
    const own = up.client.open("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets");
    const aggregated = up.client.open(adsSotw);
    for (const type of ["CDS", "LDS"] as const) {
      aggregated.send({ node, type_url: urlOf(type) });
      const { nonce, version } = await aggregated.next();
      aggregated.send({ type_url: urlOf(type), response_nonce: nonce, version_info: version });
    }
    own.send({ node, resource_names: ["s"] });
    aggregated.send({ type_url: urlOf("SDS"), resource_names: ["s"] });
    assert.deepEqual([await valuesOf(own), await valuesOf(aggregated)], [secret("1"), secret("1")]);
    up.server.setRevision(revisionOf({ ...content, SDS: { s: "2", other: "1" } }));
    assert.deepEqual([await valuesOf(own), await valuesOf(aggregated)], [secret("2"), secret("2")]);
  });
});
