import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { runChancery } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { startRecordingBackend, type RecordedConnection } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { codeBlocks } from "./code-blocks.ts";

const page = "docs/proxy-protocol.md";
const blocks = new Map(codeBlocks(page).map((block) => [block.file, block.text]));

/** The page's configuration with a port of the system's choice for the listener, and the test's own backend. */
function bootstrapOf(file: string, backendPort: number): JsonObject {
  const text = blocks.get(file);
  assert.ok(text, `${page} has a block ${file}`);
  const ported = text
    .replaceAll("port_value: 10000", "port_value: 0")
    .replaceAll("port_value: 8080", `port_value: ${backendPort}`);
  const bootstrap: JsonObject = JSON.parse(JSON.stringify(load(ported)));
  return bootstrap;
}

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

function answerHttp(connection: RecordedConnection): void {
  connection.socket.on("data", (bytes) => {
    if (bytes.includes("\r\n\r\n")) connection.socket.write(answer);
  });
}

/** What the backend got, and who its peer was, when a load balancer says that the client is `client`. */
async function tryOut(
  file: string,
  client: string,
  start: (bootstrap: JsonObject) => Promise<ProxyProcess> = startEnvoy,
): Promise<{ received: string; peer: string }> {
  await using backend = await startRecordingBackend({ answer: answerHttp });
  await using proxy = await start(bootstrapOf(file, backend.port));
  await using balancer = await connectTo(await proxy.admin.listenerPort("edge"));
  balancer.write(`PROXY TCP4 ${client} 198.51.100.7 40000 443\r\nGET / HTTP/1.1\r\nhost: service\r\n\r\n`);
  const connection = await backend.connection(0);
  const received = await connection.receivedThat((bytes) => bytes.includes("\r\n\r\n"));
  return { received: received.toString("latin1"), peer: connection.remoteAddress };
}

describe(`${page} on real Envoy`, needs("envoy"), () => {
  it("way 1 puts the client into x-forwarded-for, and sends no header", async () => {
    const { received, peer } = await tryOut("x-forwarded-for.yaml", "203.0.113.9");
    assert.match(received, /^GET \/ /);
    assert.match(received, /^x-forwarded-for: 203\.0\.113\.9\r$/m);
    assert.equal(peer, "127.0.0.1");
  });

  it("way 2 sends the header first", async () => {
    startsWithHeader((await tryOut("proxy-protocol.yaml", "203.0.113.9")).received);
  });

  // Linux answers for all of 127.0.0.0/8, so a client from there needs no routes; the mark needs CAP_NET_ADMIN.
  const mayMark = process.getuid?.() === 0 ? {} : { skip: "SO_MARK needs root: run as root" };

  it("way 3 makes the client the source of the upstream connection", mayMark, async () => {
    const { peer, received } = await tryOut("original-src-listener.yaml", "127.0.0.55");
    assert.equal(peer, "127.0.0.55");
    assert.match(received, /^GET \/ /);
  });

  it("way 4 makes the client of the request the source", mayMark, async () => {
    const { peer, received } = await tryOut("original-src-http.yaml", "127.0.0.56");
    assert.equal(peer, "127.0.0.56");
    assert.match(received, /^GET \/ /);
  });
});

describe(`${page} on the bundled data plane`, () => {
  it("way 1 puts the client into x-forwarded-for, and sends no header", async () => {
    const { received } = await tryOut("x-forwarded-for.yaml", "203.0.113.9", startBundledProxy);
    assert.match(received, /^GET \/ /);
    assert.match(received, /^x-forwarded-for: 203\.0\.113\.9\r$/m);
  });

  it("way 2 sends the header first", async () => {
    startsWithHeader((await tryOut("proxy-protocol.yaml", "203.0.113.9", startBundledProxy)).received);
  });

  for (const [way, file] of [
    ["way 3", "original-src-listener.yaml"],
    ["way 4", "original-src-http.yaml"],
  ] as const) {
    it(`refuses the mark of ${way} at its line, and takes the rest`, async () => {
      using folder = temporaryFolder();
      const text = blocks.get(file)!;
      writeFileSync(folder.file(file), text);
      const marked = await runChancery(["proxy", "--mode", "validate", "-c", folder.file(file)]);
      assert.equal(marked.code, 1);
      const line = text.split("\n").findIndex((candidate) => candidate.includes("mark: 123")) + 1;
      assert.match(marked.stderr, new RegExp(`${file.replaceAll(".", "\\.")}:${line}:.*SO_MARK`));
      writeFileSync(folder.file(file), text.replace(/^ *mark: 123\n/m, ""));
      const plain = await runChancery(["proxy", "--mode", "validate", "-c", folder.file(file)]);
      assert.equal(plain.code, 0, plain.stderr);
    });
  }
});

/** Version 2, TCP over IPv4, from 203.0.113.9:40000 to 198.51.100.7:443. */
function startsWithHeader(received: string): void {
  const signature = "\r\n\r\n\0\r\nQUIT\n";
  const addresses = Buffer.from("2111000ccb007109c63364079c4001bb", "hex").toString("latin1");
  const isHeader = received.startsWith(`${signature}${addresses}`);
  assert.ok(isHeader, Buffer.from(received, "latin1").toString("hex"));
}

it(`${page} has a configuration for each of the four ways, and no other`, () => {
  assert.deepEqual(
    [...blocks.keys()],
    ["x-forwarded-for.yaml", "proxy-protocol.yaml", "original-src-listener.yaml", "original-src-http.yaml"],
  );
});
