import assert from "node:assert/strict";
import { receivedBytes, type Bench } from "./bench.ts";
import type { HealthVector } from "./vectors.ts";

/** Watches the first probe of a cluster's health check. */
export async function runHealth(vector: HealthVector, { backend }: Bench): Promise<void> {
  const probe = await backend.connection(0);
  const header = vector.expect_template
    ? Buffer.from(
        vector.expect_template
          .replace("{probe_port}", String(probe.remotePort))
          .replace("{backend_port}", String(backend.port)),
        "latin1",
      )
    : Buffer.from(vector.expect_hex ?? "", "hex");
  const expected = Buffer.concat([header, Buffer.from(vector.after_hex ?? "", "hex")]);
  if (vector.exact) await probe.ended();
  else await receivedBytes(probe, expected.length);
  const received = vector.exact ? probe.received : probe.received.subarray(0, expected.length);
  assert.equal(received.toString("hex"), expected.toString("hex"));
}
