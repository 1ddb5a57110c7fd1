import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { adsDelta, adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { within } from "../kit/within.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** An empty SETTINGS frame (RFC 9113, section 6.5). */
const settings = Buffer.from("000000040000000000", "hex");

/** What strangers write, and then shut their side or go on waiting. */
const strangers: Readonly<Record<string, Buffer>> = {
  "HTTP/1.1": Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
  zeros: Buffer.alloc(1000),
  "random bytes": randomBytes(100_000),
  "a preface and random bytes": Buffer.concat([Buffer.from(preface), randomBytes(5000)]),
  "a PROXY header": Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.7 1 2\r\n"),
};

/** Frames that break HTTP/2, after a proper beginning, and what the server's GOAWAY says of them. */
const frames: Readonly<Record<string, readonly [hex: string, says: string]>> = {
  "a frame longer than allowed (RFC 9113, section 4.2)": ["ffffff000000000001", "too large frame size"],
  "data on a stream that is idle (RFC 9113, section 5.1)": ["000000000000000001", "DATA: stream in idle"],
};

describe("chancery serve and strangers at the gRPC port", { timeout: 60_000 }, () => {
  it("serves its clients on, whatever others send (XDS-11)", async (t) => {
    using folder = servedFolder({ "a.yaml": "clusters: [{name: a}]\n" });
    await using serve = new ServeProcess(folder.path, folder.state);
    const port = await serve.xdsPort();
    using client = new RawXdsClient(port);
    const stream = client.open(adsSotw);
    const node = { id: "good", cluster: "c" };
    stream.send({ node, type_url: CLUSTER });
    let held = await stream.next();

    /** The client that was there before is sent a change. */
    const isServed = async (name: string) => {
      stream.send({ type_url: CLUSTER, response_nonce: held.nonce, version_info: held.version });
      folder.write("a.yaml", `clusters: [{name: a}, {name: ${name}}]\n`);
      held = await within(5000, "the change", stream.next());
      assert.equal(held.resources.length, 2);
    };

    for (const [what, bytes] of Object.entries(strangers)) {
      await t.test(`${what}, and no more`, async () => {
        await using stranger = await connectTo(port);
        stranger.write(bytes);
        stranger.end();
        await stranger.closed();
      });
    }

    for (const [what, [hex, says]] of Object.entries(frames)) {
      await t.test(what, async () => {
        await using stranger = await connectTo(port);
        stranger.write(Buffer.concat([Buffer.from(preface), settings, Buffer.from(hex, "hex")]));
        await stranger.receivedThat((bytes) => bytes.includes(says));
      });
    }

    await t.test("a TLS handshake", async () => {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
      await assert.rejects(once(socket, "secureConnect"));
      socket.destroy();
    });

    await t.test("messages that are none, on streams of both kinds", async () => {
      for (const path of [adsSotw, adsDelta]) {
        const broken = client.open(path);
        broken.call.write(Buffer.from("ff".repeat(100), "hex"));
        const { code, details } = await within(5000, "the status", broken.ended);
        assert.equal(code, 3, details);
      }
    });

    await t.test("a request that is no gRPC", async () => {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      const request = session.request({ ":method": "GET", ":path": "/metrics" });
      const [headers]: { readonly ":status"?: number }[] = await once(request, "response");
      assert.ok(Number(headers?.[":status"]) >= 400, JSON.stringify(headers));
      request.close();
      session.close();
    });

    await t.test("connections that stay and say nothing, half a preface, or half a message", async () => {
      await using silent = await connectTo(port);
      await using half = await connectTo(port);
      half.write(preface.slice(0, 10));
      await using gone = await connectTo(port);
      gone.write(Buffer.concat([Buffer.from(preface), settings]));
      gone.end();
      // The first bytes of a gRPC message of 4 GB that never comes.
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      session.on("error", () => undefined); // However the server ends it.
      const request = session.request({
        ":method": "POST",
        ":path": adsSotw,
        "content-type": "application/grpc",
        te: "trailers",
      });
      request.on("error", () => undefined);
      request.write(Buffer.from("00ffffffff0a", "hex"));
      await isServed("meanwhile");
      assert.equal(silent.isClosed, false);
      session.destroy();
    });

    await isServed("afterwards");
    assert.ok(serve.child.isRunning);
    assert.equal(serve.child.stderr, "");
  });
});
