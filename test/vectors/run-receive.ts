import assert from "node:assert/strict";
import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import type { ProxyHeader } from "../../data-plane/proxy-protocol/header.ts";
import type { SocketAddress } from "../../src/base/ip-address.ts";
import type { RecordedConnection } from "../kit/recording-backend.ts";
import type { ScriptedClient } from "../kit/scripted-client.ts";
import { pause } from "../kit/within.ts";
import { dial, play, targetOf, type Bench, type Target } from "./bench.ts";
import { assertCounted, quiet } from "./counters.ts";
import { writesOf, type ReceiveVector, type VectorAddress } from "./vectors.ts";

const anyHeader = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] };
/** How long a vector that waits is watched. */
const HOLD_MS = 600;

/** Plays a receive vector and compares outcome, restored addresses, payload, TLVs, times and counters. */
export async function runReceive(vector: ReceiveVector, bench: Bench): Promise<void> {
  const { backend, proxy } = bench;
  const { expect } = vector;
  const target = await targetOf(vector, bench);
  const before = await quiet(proxy.admin);
  const index = backend.connections.length;
  await using client = await dial(target);
  const startedAt = performance.now();
  await play(client, writesOf(vector.input_hex), vector);
  switch (expect.outcome) {
    case "accept":
      await checkAccepted(vector, await backend.connection(index), client, target);
      break;
    case "reject":
      await client.closed();
      assert.equal(client.received.toString("hex"), "", "a refusal is a bare close (PP-3)");
      break;
    case "wait":
      await pause((vector.hold_s ?? HOLD_MS / 1000) * 1000);
      assert.equal(client.isClosed, false, "the connection is kept waiting");
      break;
  }
  if (expect.outcome !== "accept") assert.equal(backend.connections.length, index, "no upstream connection");
  if (expect.within_s) {
    const seconds = (performance.now() - startedAt) / 1000;
    const [least, most] = expect.within_s;
    assert.ok(seconds >= least && seconds <= most, `${seconds} s is not within ${least} to ${most} s`);
  }
  await assertCounted(proxy.admin, before, expect.stats);
}

async function checkAccepted(
  vector: ReceiveVector,
  connection: RecordedConnection,
  client: ScriptedClient,
  target: Target,
): Promise<void> {
  const { expect } = vector;
  const payload = Buffer.from(expect.payload_hex ?? "", "hex");
  await connection.receivedThat((bytes) => bytes.length >= headerOf(bytes).length + payload.length);
  // Without half_close the client still sends; its end shows that nothing but the payload came.
  client.end();
  await connection.ended();
  const { header, length } = headerOf(connection.received);
  assert.equal(connection.received.toString("hex", length), payload.toString("hex"));
  const own = { address: client.localAddress, port: client.localPort };
  assert.deepEqual(plain(header?.addresses?.source), expect.remote ?? own);
  const listener: VectorAddress = { address: target.host, port: target.port };
  assert.deepEqual(plain(header?.addresses?.destination), expect.local ?? listener);
  const tlvs = header?.tlvs.map(({ type, value }) => ({ type, value_hex: Buffer.from(value).toString("hex") }));
  assert.deepEqual(tlvs, expect.tlvs ?? []);
  if (expect.upstream_source !== undefined) assert.equal(connection.remoteAddress, expect.upstream_source);
  connection.socket.destroy();
}

/** The header that the proxy wrote; of infinite length until it is there. */
function headerOf(bytes: Buffer): { readonly header?: ProxyHeader; readonly length: number } {
  const verdict = decodeHeader(bytes, anyHeader);
  if (verdict.kind === "accept") return { header: verdict.header, length: verdict.consumed };
  assert.equal(verdict.kind, "more", "the proxy writes a right header");
  return { length: Number.POSITIVE_INFINITY };
}

function plain(end: SocketAddress | undefined): VectorAddress | undefined {
  return end && { address: end.address, port: end.port };
}
