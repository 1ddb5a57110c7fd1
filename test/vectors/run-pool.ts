import assert from "node:assert/strict";
import type { ScriptedClient } from "../kit/scripted-client.ts";
import { pause } from "../kit/within.ts";
import { dial, targetOf, type Bench } from "./bench.ts";
import { downstreamHeader } from "./downstream-header.ts";
import type { HttpBackend } from "./http-backend.ts";
import type { PoolVector } from "./vectors.ts";

/** Plays a pool vector: which upstream connection serves each request, and how long it stays. */
export async function runPool(vector: PoolVector, bench: Bench, http: HttpBackend): Promise<void> {
  const { backend } = bench;
  const { expect } = vector;
  const target = await targetOf(vector, bench);
  const firstConnection = backend.connections.length;
  const firstRequest = http.requests.length;
  const clients = new Map<string, ScriptedClient>();
  try {
    for (const [index, request] of vector.requests.entries()) {
      if (request.sleep_s !== undefined) await pause(request.sleep_s * 1000);
      let client = clients.get(request.conn);
      if (!client) {
        client = await dial(target);
        clients.set(request.conn, client);
        client.write(downstreamHeader(request.downstream));
      }
      const answered = client.received.length;
      const headers = Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      client.write(`GET /${index} HTTP/1.1\r\nhost: a.example\r\n${headers.join("")}\r\n`);
      await client.receivedThat((bytes) => bytes.indexOf("\r\n\r\n", answered) >= 0);
      if (request.close_after) {
        client.end();
        await client.closed();
      }
    }
    const answeredAt = performance.now();
    const opened = backend.connections.slice(firstConnection);
    const served = http.requests.slice(firstRequest);
    assert.deepEqual(
      served.map((request) => opened.indexOf(request.connection)),
      expect.upstream,
    );
    const written = opened.map((connection) => served.find((one) => one.connection === connection)?.upstreamHeader);
    if (expect.headers) {
      assert.deepEqual(
        written.map((header) => header?.toString("hex")),
        expect.headers,
      );
    }
    if (expect.upstream_closed_within_s) {
      const [least, most] = expect.upstream_closed_within_s;
      await opened[0]!.ended(most * 1000);
      const seconds = (performance.now() - answeredAt) / 1000;
      assert.ok(seconds >= least, `closed after ${seconds} s, not before ${least} s`);
    }
  } finally {
    for (const client of clients.values()) client.destroy();
    for (const { socket } of backend.connections.slice(firstConnection)) socket.destroy();
  }
}
