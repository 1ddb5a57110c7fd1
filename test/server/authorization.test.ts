import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { systemClock } from "../../src/base/clock.ts";
import { createLog } from "../../src/base/log.ts";
import type { AccessPolicy } from "../../src/config/access-policy.ts";
import type { Message } from "../../src/schema/message.ts";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { openTokens } from "../../src/server/auth/served-tokens.ts";
import { openTls } from "../../src/server/tls/served-tls.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { type Issued, testCa } from "../kit/certificates.ts";
import { needs } from "../kit/peers.ts";
import { adsDelta, adsSotw, RawXdsClient, type RawXdsStream } from "../kit/raw-xds-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { snapshotOf, urlOf } from "../xds/session-client.ts";

const groups = ["edge", "pay"].map((name) => ({
  name,
  match: { cluster: name },
  snapshot: snapshotOf({
    CDS: { [`${name}-cluster`]: `${name} cluster` },
    SDS: { [`${name}-key`]: `${name} secret` },
  }),
}));

const policy: AccessPolicy = {
  rules: [
    { principals: ["spiffe://fleet/edge/*"], nodeIds: ["edge-*"], groups: ["edge"], isOperator: false },
    {
      principals: ["spiffe://fleet/pay/*", "token:pay"],
      nodeIds: ["pay-*"],
      groups: ["pay"],
      isOperator: false,
    },
    {
      principals: ["*.lean.example"],
      nodeIds: ["edge-*"],
      groups: ["edge"],
      types: [urlOf("CDS")],
      isOperator: false,
    },
  ],
};

const edgeNode = { id: "edge-1", cluster: "edge" };
const payNode = { id: "pay-1", cluster: "pay" };

function revisionOf(authorization: AccessPolicy | undefined) {
  const source = { kind: "program" } as const;
  return makeRevision({ groups, source, createdAtMs: 0, ...(authorization && { authorization }) });
}

/** A server with two groups that must not learn of each other, and clients with certificates of its CA. */
async function startGuarded({ asksForCertificates = true, tokens = "" } = {}) {
  const ca = testCa();
  using folder = temporaryFolder();
  const { cert, key } = ca.issue("IP:127.0.0.1");
  const files = { cert: folder.put("c", cert), key: folder.put("k", key) };
  const options = {
    read: (path: string) => readFile(path),
    clock: systemClock,
    log: createLog("off", () => undefined),
    allowsCertless: tokens !== "",
  };
  const tls = await openTls(
    asksForCertificates ? { ...files, clientCa: folder.put("ca", ca.cert) } : files,
    options,
  );
  const server = createAdsServer({
    address: "127.0.0.1:0",
    credentials: tls.credentials,
    drainMs: 0,
    ...(tokens !== "" && { tokens: await openTokens(folder.put("tokens", tokens), options) }),
  });
  server.setRevision(revisionOf(policy));
  const { port } = await server.start();
  const clients: RawXdsClient[] = [];
  const withOwn = (own: Issued | undefined) => {
    const client = new RawXdsClient(port, credentials.createSsl(ca.cert, own?.key, own?.cert));
    clients.push(client);
    return client;
  };
  return {
    server,
    /** A client whose certificate has these names; without names it has none. */
    as: (...names: string[]) => withOwn(names.length > 0 ? ca.issue(...names) : undefined),
    with: withOwn,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await server.close();
    },
  };
}

/** How the stream of a client that is to get nothing ended: the status, and what came before it. */
async function refusalOf(stream: RawXdsStream, ...requests: readonly Message[]) {
  for (const request of requests) stream.send(request);
  const { code, details } = await stream.ended;
  return { code: status[code], details, responses: stream.backlog };
}

function denied(details: string) {
  return { code: "PERMISSION_DENIED", details, responses: 0 };
}

async function contentsOf(stream: RawXdsStream): Promise<string[]> {
  const { resources } = await stream.next();
  return resources.map(({ value }) => value.toString());
}

const edgeName = "URI:spiffe://fleet/edge/1";

describe("authorization of the xDS port (XDS-137)", needs("openssl"), () => {
  it("gives each client its own group, secrets included", async () => {
    await using up = await startGuarded();
    for (const [names, node] of [
      [edgeName, edgeNode],
      ["URI:spiffe://fleet/pay/1", payNode],
    ] as const) {
      const stream = up.as(names).open(adsSotw);
      stream.send({ node, type_url: urlOf("CDS") });
      assert.deepEqual(await contentsOf(stream), [`${node.cluster} cluster`]);
      stream.send({ type_url: urlOf("SDS"), resource_names: [`${node.cluster}-key`] });
      assert.deepEqual(await contentsOf(stream), [`${node.cluster} secret`]);
    }
  });

  for (const path of [adsSotw, adsDelta]) {
    const kind = path === adsSotw ? "SotW" : "delta";
    it(`${kind}: a forged node id gets nothing`, async () => {
      await using up = await startGuarded();
      const refusal = await refusalOf(up.as(edgeName).open(path), { node: payNode, type_url: urlOf("CDS") });
      assert.deepEqual(refusal, denied('"spiffe://fleet/edge/1" may not be node "pay-1"'));
    });

    it(`${kind}: a forged cluster, which would lead to another group, gets nothing`, async () => {
      await using up = await startGuarded();
      const node = { id: "edge-1", cluster: "pay" };
      const refusal = await refusalOf(up.as(edgeName).open(path), { node, type_url: urlOf("CDS") });
      const text = '"spiffe://fleet/edge/1" may not have the group "pay" that node "edge-1" falls into';
      assert.deepEqual(refusal, denied(text));
    });
  }

  it("someone else's secret by name is a secret that does not exist", async () => {
    await using up = await startGuarded();
    const stream = up.as(edgeName).open(adsDelta);
    stream.send({ node: edgeNode, type_url: urlOf("SDS"), resource_names_subscribe: ["pay-key", "*"] });
    const { resources, removed } = await stream.next();
    assert.deepEqual(
      resources.map(({ value }) => value.toString()),
      ["edge secret"],
    );
    assert.deepEqual(removed, ["pay-key"]);
  });

  it("someone else's secret by name is not told on a stream of SDS either", async () => {
    await using up = await startGuarded();
    const stream = up.as(edgeName).open("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets");
    stream.send({ node: edgeNode, resource_names: ["pay-key", "edge-key"] });
    assert.deepEqual(await contentsOf(stream), ["edge secret"]);
  });

  it("a type that the rule leaves out ends the stream, with what is there already kept", async () => {
    await using up = await startGuarded();
    const stream = up.as("DNS:a.lean.example").open(adsSotw);
    stream.send({ node: edgeNode, type_url: urlOf("CDS") });
    assert.deepEqual(await contentsOf(stream), ["edge cluster"]);
    const refusal = await refusalOf(stream, { type_url: urlOf("SDS"), resource_names: ["edge-key"] });
    assert.deepEqual(refusal, denied(`"a.lean.example" may not have ${urlOf("SDS")}`));
  });

  it("a second node id later on the stream changes nothing", async () => {
    await using up = await startGuarded();
    const stream = up.as(edgeName).open(adsSotw);
    stream.send({ node: edgeNode, type_url: urlOf("CDS") });
    assert.deepEqual(await contentsOf(stream), ["edge cluster"]);
    stream.send({ node: payNode, type_url: urlOf("SDS"), resource_names: ["pay-key", "edge-key"] });
    assert.deepEqual(await contentsOf(stream), ["edge secret"]);
  });

  it("a client without a certificate is nobody, where the handshake lets it in", async () => {
    await using up = await startGuarded({ asksForCertificates: false });
    const refusal = await refusalOf(up.as().open(adsSotw), { node: edgeNode, type_url: urlOf("CDS") });
    assert.deepEqual(
      refusal,
      denied("the client has proved nothing about itself: it needs a certificate or a token"),
    );
  });

  it("a certificate is not looked at where no CA was given to check it", async () => {
    await using up = await startGuarded({ asksForCertificates: false });
    const { code } = await refusalOf(up.as(edgeName).open(adsSotw), {
      node: edgeNode,
      type_url: urlOf("CDS"),
    });
    assert.equal(code, "PERMISSION_DENIED");
  });

  it("a certificate of the CA that no rule is for gets nothing", async () => {
    await using up = await startGuarded();
    const stream = up.as("DNS:spiffe.fleet", "IP:127.0.0.1").open(adsSotw);
    const refusal = await refusalOf(stream, { node: edgeNode, type_url: urlOf("CDS") });
    assert.deepEqual(refusal, denied('no rule of authorization is for "spiffe.fleet"'));
  });

  it("a rule that is taken away ends open streams, and no other", async () => {
    await using up = await startGuarded();
    const [edge, pay] = [up.as(edgeName).open(adsSotw), up.as("URI:spiffe://fleet/pay/1").open(adsSotw)];
    edge.send({ node: edgeNode, type_url: urlOf("CDS") });
    pay.send({ node: payNode, type_url: urlOf("CDS") });
    await Promise.all([edge.next(), pay.next()]);
    up.server.setRevision(revisionOf({ rules: policy.rules.slice(1) }));
    assert.equal((await edge.ended).code, status.PERMISSION_DENIED);
    assert.equal(edge.backlog, 0);
    pay.send({ type_url: urlOf("SDS"), resource_names: ["pay-key"] });
    assert.deepEqual(await contentsOf(pay), ["pay secret"]);
  });
});

const payToken = "0123456789abcdef-pay";

function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

describe("bearer tokens of the xDS port (XDS-138)", needs("openssl"), () => {
  const tokens = `pay ${payToken}\nother 0123456789abcdef-other\n`;

  it("a right one stands in for the certificate, and rules know it by its name", async () => {
    await using up = await startGuarded({ tokens });
    const stream = up.as().open(adsSotw, bearer(payToken));
    stream.send({ node: payNode, type_url: urlOf("SDS"), resource_names: ["pay-key"] });
    assert.deepEqual(await contentsOf(stream), ["pay secret"]);
    const forged = await refusalOf(up.as().open(adsSotw, bearer(payToken)), {
      node: edgeNode,
      type_url: urlOf("CDS"),
    });
    assert.deepEqual(forged, denied('"token:pay" may not be node "edge-1"'));
  });

  it("a certificate does as well, where there is a CA for it", async () => {
    await using up = await startGuarded({ tokens });
    const stream = up.as(edgeName).open(adsSotw);
    stream.send({ node: edgeNode, type_url: urlOf("CDS") });
    assert.deepEqual(await contentsOf(stream), ["edge cluster"]);
  });

  it("a name in a certificate does not pass for a token", async () => {
    await using up = await startGuarded({ tokens });
    const { code } = await refusalOf(up.as("URI:token:pay").open(adsSotw), {
      node: payNode,
      type_url: urlOf("CDS"),
    });
    assert.equal(code, "PERMISSION_DENIED");
  });

  const wrong: readonly [string, Metadata | undefined, RegExp][] = [
    ["none", undefined, /^a token is needed: send the metadata "authorization: Bearer TOKEN"$/],
    ["a wrong one", bearer(`${payToken}x`), /^the bearer token is not one of this server$/],
    ["a part of one", bearer(payToken.slice(0, -1)), /^the bearer token is not one of this server$/],
  ];
  for (const [what, metadata, text] of wrong) {
    it(`${what} is UNAUTHENTICATED, on every service`, async () => {
      await using up = await startGuarded({ tokens });
      const client = up.as();
      for (const path of [
        adsSotw,
        adsDelta,
        "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets",
      ]) {
        const stream = client.open(path, metadata);
        const names = path === adsDelta ? "resource_names_subscribe" : "resource_names";
        const request = { node: payNode, type_url: urlOf("SDS"), [names]: ["pay-key"] };
        const refusal = await refusalOf(stream, request);
        assert.deepEqual([refusal.code, refusal.responses], ["UNAUTHENTICATED", 0]);
        assert.match(refusal.details, text);
        assert.ok(!refusal.details.includes("0123456789"));
      }
    });
  }

  it("a wrong one is not made good by a certificate", async () => {
    await using up = await startGuarded({ tokens });
    const stream = up.as(edgeName).open(adsSotw, bearer("wrong"));
    const { code } = await refusalOf(stream, { node: edgeNode, type_url: urlOf("CDS") });
    assert.equal(code, "UNAUTHENTICATED");
  });

  it("a certificate of another CA is none", async () => {
    await using up = await startGuarded({ tokens });
    const foreign = testCa("foreign").issue(edgeName);
    const stream = up.with(foreign).open(adsSotw);
    const { code } = await refusalOf(stream, { node: edgeNode, type_url: urlOf("CDS") });
    assert.equal(code, "UNAUTHENTICATED");
  });
});
