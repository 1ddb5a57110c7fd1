import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { encodeV1, encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import { startEnvoy, validateWithEnvoy } from "./envoy.ts";
import { FakeClock } from "./fake-clock.ts";
import { startHaProxyReader, startHaProxyWriter } from "./haproxy.ts";
import { memoryConnection } from "./memory-stream.ts";
import { startNginxReader } from "./nginx.ts";
import { needs } from "./peers.ts";
import { startRecordingBackend } from "./recording-backend.ts";
import { connectTo } from "./scripted-client.ts";

const addresses = {
  source: { address: "203.0.113.9", port: 40000, family: "IPv4" },
  destination: { address: "198.51.100.7", port: 443, family: "IPv4" },
} as const;
const ask = "GET / HTTP/1.0\r\n\r\n";

describe("FakeClock", () => {
  it("calls back in the order in which timers are due, those set on the way included", () => {
    const clock = new FakeClock(1000);
    const seen: string[] = [];
    clock.after(30, () => seen.push(`late at ${clock.now()}`));
    clock.after(10, () => {
      seen.push(`early at ${clock.monotonic()}`);
      clock.after(5, () => seen.push(`between at ${clock.monotonic()}`));
    });
    const cancel = clock.after(20, () => seen.push("never"));
    cancel();
    clock.advance(29);
    assert.deepEqual(seen, ["early at 10", "between at 15"]);
    assert.equal(clock.pending, 1);
    clock.advance(1);
    assert.deepEqual(seen.slice(2), ["late at 1030"]);
  });
});

describe("memoryConnection()", () => {
  it("carries bytes both ways, a half-close and an abort", async () => {
    const [a, b] = memoryConnection();
    a.write("ping");
    assert.equal(String((await once(b, "data"))[0]), "ping");
    a.end();
    await once(b.resume(), "end");
    b.write("pong");
    assert.equal(String((await once(a, "data"))[0]), "pong");
    b.destroy();
    await once(a, "close");
  });

  it("makes a writer wait for a reader that does not read", async () => {
    const [a, b] = memoryConnection();
    let isWritten = false;
    a.write(Buffer.alloc(1 << 20), () => {
      isWritten = true;
    });
    a.write("more");
    await once(b, "readable");
    assert.equal(isWritten, false);
    b.resume();
    await once(a, "drain");
    assert.equal(isWritten, true);
  });
});

describe("the Envoy runner", needs("envoy"), () => {
  it("starts it on ports of its choice and reads stats and config dump", async () => {
    await using envoy = await startEnvoy({});
    assert.equal((await envoy.admin.stats("^server.state$")).get("server.state"), 0);
    assert.match(JSON.stringify(await envoy.admin.configDump()), /BootstrapConfigDump/);
  });

  it("says why a bootstrap is refused", async () => {
    await assert.rejects(startEnvoy({ static_resources: { nonsense: 1 } }), /nonsense/);
    const { exitCode, log } = await validateWithEnvoy({ static_resources: { nonsense: 1 } });
    assert.equal(exitCode, 1);
    assert.match(log, /nonsense/);
  });
});

describe("the HAProxy runner", needs("haproxy"), () => {
  for (const bytes of [encodeV1(addresses), encodeV2(addresses, []).bytes]) {
    it(`reads ${bytes.length} bytes of header`, async () => {
      await using reader = await startHaProxyReader();
      await using client = await connectTo(reader.port);
      client.write(Buffer.concat([bytes, Buffer.from(ask)]));
      await client.closed();
      assert.match(
        client.received.toString(),
        /203\.0\.113\.9 40000 198\.51\.100\.7 443 authority= unique_id=$/,
      );
    });
  }

  for (const version of ["V1", "V2"] as const) {
    it(`writes a header of version ${version}`, async () => {
      await using backend = await startRecordingBackend();
      await using writer = await startHaProxyWriter(version, backend.port);
      await using client = await connectTo(writer.port);
      client.write(Buffer.concat([encodeV1(addresses), Buffer.from("hello")]));
      const connection = await backend.connection(0);
      const bytes = await connection.receivedThat((bytes) => bytes.includes("hello"));
      const header = version === "V1" ? encodeV1(addresses) : encodeV2(addresses, []).bytes;
      assert.deepEqual(bytes, Buffer.concat([header, Buffer.from("hello")]));
    });
  }
});

describe("the nginx runner", needs("nginx"), () => {
  it("reads a header", async () => {
    await using reader = await startNginxReader();
    await using client = await connectTo(reader.port);
    client.write(Buffer.concat([encodeV1(addresses), Buffer.from(ask)]));
    await client.closed();
    assert.match(client.received.toString(), /203\.0\.113\.9 40000 198\.51\.100\.7 443$/);
  });
});
