import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { credentials, status } from "@grpc/grpc-js";
import { systemClock } from "../../../src/base/clock.ts";
import { createLog, type LogRecord } from "../../../src/base/log.ts";
import { createAdsServer } from "../../../src/server/ads-server.ts";
import { openTls } from "../../../src/server/tls/served-tls.ts";
import { readTlsFiles, TlsFileError } from "../../../src/server/tls/tls-files.ts";
import { type Issued, type TestCa, testCa } from "../../kit/certificates.ts";
import { needs } from "../../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../../kit/raw-xds-client.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { until } from "../../kit/within.ts";
import { snapshotOf, urlOf } from "../../xds/session-client.ts";
import { makeRevision } from "../../../src/snapshot/revision.ts";

const localhost = ["IP:127.0.0.1", "DNS:localhost"];
const node = { id: "node-1", cluster: "edge" };

/** A server with certificates in files that a test can rewrite. */
async function startTlsServer(served: Issued, clientCa?: Buffer) {
  const folder = temporaryFolder();
  const files = {
    cert: folder.put("tls.crt", served.cert),
    key: folder.put("tls.key", served.key),
    ...(clientCa && { clientCa: folder.put("ca.crt", clientCa) }),
  };
  const records: LogRecord[] = [];
  const log = createLog("info", (record) => records.push(record));
  const tls = await openTls(files, { read: (path) => readFile(path), clock: systemClock, log });
  const stop = new AbortController();
  const following = tls.follow(stop.signal);
  const server = createAdsServer({ address: "127.0.0.1:0", credentials: tls.credentials, drainMs: 0 });
  const groups = [{ name: "all", match: {}, snapshot: snapshotOf({ CDS: { a: "1" } }) }];
  server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
  const { port } = await server.start();
  return {
    port,
    folder,
    /** Waits for the next line that begins like this. */
    logged: (start: string, count = 1) =>
      until(
        10_000,
        start,
        () => records.filter(({ message }) => message.startsWith(start)).length >= count || undefined,
      ),
    records,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await server.close();
      folder[Symbol.dispose]();
    },
  };
}

function clientOf(port: number, ca: TestCa, own?: Issued): RawXdsClient {
  return new RawXdsClient(port, credentials.createSsl(ca.cert, own?.key, own?.cert));
}

/** The number of clusters that a client is served, or the status that it is refused with. */
async function outcome(client: RawXdsClient): Promise<string | undefined> {
  const stream = client.open(adsSotw);
  stream.send({ node, type_url: urlOf("CDS") });
  return Promise.race([
    stream.next().then(({ resources }) => `served ${resources.length}` as const),
    stream.ended.then(({ code }) => status[code]),
  ]);
}

describe("TLS of the xDS port", needs("openssl"), () => {
  it("XDS-136 serves clients with a certificate, and neither plain text nor clients without one", async () => {
    const ca = testCa();
    await using up = await startTlsServer(ca.issue(...localhost), ca.cert);
    using known = clientOf(up.port, ca, ca.issue("URI:spiffe://fleet/edge"));
    assert.equal(await outcome(known), "served 1");
    using plain = new RawXdsClient(up.port);
    assert.equal(await outcome(plain), "UNAVAILABLE");
    using certless = clientOf(up.port, ca);
    assert.equal(await outcome(certless), "UNAVAILABLE");
    const stranger = testCa("stranger");
    using foreign = clientOf(up.port, ca, stranger.issue("URI:spiffe://fleet/edge"));
    assert.equal(await outcome(foreign), "UNAVAILABLE");
    assert.equal(await outcome(known), "served 1");
  });

  it("XDS-136 serves any client over TLS without a client CA, and none in plain text", async () => {
    const ca = testCa();
    await using up = await startTlsServer(ca.issue(...localhost));
    using client = clientOf(up.port, ca);
    assert.equal(await outcome(client), "served 1");
    using plain = new RawXdsClient(up.port);
    assert.equal(await outcome(plain), "UNAVAILABLE");
  });

  it("XDS-136 takes up a new certificate and a new client CA for new connections; open ones go on", async () => {
    const [old, fresh] = [testCa("old"), testCa("new")];
    await using up = await startTlsServer(old.issue(...localhost), old.cert);
    const oldIdentity = old.issue("URI:spiffe://fleet/edge");
    using before = clientOf(up.port, old, oldIdentity);
    const stream = before.open(adsSotw);
    stream.send({ node, type_url: urlOf("CDS") });
    await stream.next();

    const { cert, key } = fresh.issue(...localhost);
    up.folder.put("tls.key", key);
    up.folder.put("ca.crt", fresh.cert);
    up.folder.put("tls.crt", cert);
    await up.logged("certificates are reloaded");

    using after = clientOf(up.port, fresh, fresh.issue("URI:spiffe://fleet/edge"));
    assert.equal(await outcome(after), "served 1");
    using late = new RawXdsClient(
      up.port,
      credentials.createSsl(fresh.cert, oldIdentity.key, oldIdentity.cert),
    );
    assert.equal(await outcome(late), "UNAVAILABLE");
    stream.send({ type_url: urlOf("EDS"), resource_names: ["none"] });
    assert.equal(await outcome(before), "served 1");
  });

  it("does not resume a session of a client whose CA is gone", async () => {
    const [old, fresh] = [testCa("old"), testCa("new")];
    await using up = await startTlsServer(old.issue(...localhost), old.cert);
    const identity = old.issue("URI:spiffe://fleet/edge");
    const dial = (session?: Buffer): TLSSocket =>
      connect({
        port: up.port,
        host: "127.0.0.1",
        ca: [old.cert, fresh.cert],
        ...identity,
        ALPNProtocols: ["h2"],
        ...(session && { session }),
      });
    const first = dial().resume();
    const [session]: Buffer[] = await once(first, "session");
    first.destroy();
    const again = dial(session);
    await once(again, "secureConnect");
    assert.equal(again.isSessionReused(), true);
    again.destroy();

    const { cert, key } = fresh.issue(...localhost);
    up.folder.put("tls.key", key);
    up.folder.put("ca.crt", fresh.cert);
    up.folder.put("tls.crt", cert);
    await up.logged("certificates are reloaded");
    const late = dial(session).resume();
    await once(late, "secureConnect");
    assert.equal(late.isSessionReused(), false);
    await once(late, "close");
  });

  it("XDS-136 keeps what is in use while the files do not work together, and says so once", async () => {
    const ca = testCa();
    await using up = await startTlsServer(ca.issue(...localhost), ca.cert);
    const next = ca.issue(...localhost);
    up.folder.put("tls.crt", next.cert);
    await up.logged("certificates cannot be reloaded");
    using client = clientOf(up.port, ca, ca.issue("URI:spiffe://fleet/edge"));
    assert.equal(await outcome(client), "served 1");
    up.folder.put("tls.key", next.key);
    await up.logged("certificates are reloaded");
    const errors = up.records.filter(({ level }) => level === "error");
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]?.fields["error"]), /tls\.crt and .*tls\.key do not work together/);
    assert.ok(!JSON.stringify(up.records).includes("PRIVATE"), "no key in the log");
  });

  it("refuses to start with files that cannot be served, and names the file", async () => {
    using folder = temporaryFolder();
    const ca = testCa();
    const { cert, key } = ca.issue(...localhost);
    const files = { cert: folder.put("c", cert), key: folder.put("k", key) };
    const refusal = async (changed: Partial<Record<"cert" | "key" | "clientCa", string>>) => {
      const error = await readTlsFiles({ ...files, ...changed }, (path) => readFile(path)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof TlsFileError);
      return error.message.replaceAll(folder.path, "");
    };
    assert.equal(await refusal({ cert: folder.file("none") }), "/none cannot be read: ENOENT");
    assert.equal(await refusal({ cert: folder.put("empty", "") }), "/empty has no certificate: expected PEM");
    assert.equal(await refusal({ clientCa: files.key }), "/k has no certificate: expected PEM");
    assert.match(
      await refusal({ key: folder.put("other", ca.key) }),
      /^\/c and \/other do not work together: /,
    );
    const broken = cert.toString().replace(/\n[A-Za-z0-9+/]{8}/, "\nAAAAAAAA");
    assert.equal(
      await refusal({ cert: folder.put("broken", broken) }),
      "/broken has a certificate that cannot be read",
    );
  });
});
