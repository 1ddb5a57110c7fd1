import assert from "node:assert/strict";
import type { ScriptedClient } from "../kit/scripted-client.ts";
import { dial, receivedBytes, targetOf, withPorts, type Bench, type Target } from "./bench.ts";
import { assertCounted, quiet } from "./counters.ts";
import { downstreamHeader } from "./downstream-header.ts";
import type { SendVector } from "./vectors.ts";

/** Plays a send vector: the backend must get exactly the expected header, and then the payload. */
export async function runSend(vector: SendVector, bench: Bench): Promise<void> {
  const { backend, proxy } = bench;
  const target = await targetOf(vector, bench);
  const before = await quiet(proxy.admin);
  const index = backend.connections.length;
  await using client = await dial(target);
  const expected = expectedHeader(vector, client, target);
  const payload = vector.payload_hex === undefined ? Buffer.from("hello") : Buffer.from(vector.payload_hex, "hex");
  const header = downstreamHeader(vector.downstream);
  if (vector.payload_late) {
    client.write(header);
    // The header is there before the client has sent anything else (PP-89).
    const early = await receivedBytes(await backend.connection(index), expected.length);
    assert.equal(early.toString("hex"), expected.toString("hex"));
    client.write(payload);
  } else {
    client.write(Buffer.concat([header, payload]));
  }
  const connection = await backend.connection(index);
  if (vector.expect_prefix) {
    const bytes = await receivedBytes(connection, expected.length);
    assert.equal(bytes.toString("hex", 0, expected.length), expected.toString("hex"));
  } else {
    await receivedBytes(connection, expected.length + payload.length);
    client.end();
    await connection.ended();
    assert.equal(connection.received.toString("hex"), Buffer.concat([expected, payload]).toString("hex"));
  }
  if (vector.stats) await assertCounted(proxy.admin, before, vector.stats);
  connection.socket.destroy();
}

function expectedHeader(vector: SendVector, client: ScriptedClient, target: Target): Buffer {
  if (vector.expect_template !== undefined) {
    const values: Readonly<Record<string, string | number>> = {
      client_address: client.localAddress,
      client_port: client.localPort,
      listener_address: target.host,
      listener_port: target.port,
    };
    const text = vector.expect_template.replace(/\{(\w+)\}/g, (match, name: string) => String(values[name] ?? match));
    return Buffer.from(text, "latin1");
  }
  return Buffer.from(withPorts(vector.expect_hex ?? "", client.localPort, target.port), "hex");
}
