import assert from "node:assert/strict";
import { dial, play, targetOf, withPorts, type Bench } from "./bench.ts";
import type { HttpBackend } from "./http-backend.ts";
import { writesOf, type HttpVector } from "./vectors.ts";

/** Plays an http vector: what the request carries, and which header precedes it, at the backend. */
export async function runHttp(vector: HttpVector, bench: Bench, http: HttpBackend): Promise<void> {
  const { expect } = vector;
  const index = http.requests.length;
  const target = await targetOf(vector, bench);
  await using client = await dial(target);
  await play(client, writesOf(vector.input_hex), vector);
  if (expect.outcome.startsWith("reply:")) {
    const wanted = expect.outcome.slice("reply:".length);
    const answer = await client.receivedThat((bytes) => bytes.length >= wanted.length);
    assert.equal(answer.toString("latin1", 0, wanted.length), wanted);
    assert.equal(http.requests.length, index, "no request at the backend");
    return;
  }
  assert.equal(expect.outcome, "accept");
  const request = await http.request(index);
  for (const [name, value] of Object.entries(expect.request_headers)) {
    const wanted = value?.replace("{client_port}", String(client.localPort)) ?? null;
    assert.equal(request.headers.get(name) ?? null, wanted, name);
  }
  if (expect.upstream_header_hex !== undefined) {
    const wanted = withPorts(expect.upstream_header_hex, client.localPort, target.port);
    assert.equal(request.upstreamHeader.toString("hex"), wanted);
  }
  if (expect.upstream_header_template !== undefined) {
    const wanted = expect.upstream_header_template
      .replace("{upstream_port}", String(request.connection.remotePort))
      .replace("{backend_port}", String(bench.backend.port));
    assert.equal(request.upstreamHeader.toString("latin1"), wanted);
  }
  if (expect.upstream_source !== undefined) {
    assert.equal(request.connection.remoteAddress, expect.upstream_source);
  }
  // So that a later client cannot be served on this one's upstream connection.
  request.connection.socket.destroy();
}
