import assert from "node:assert/strict";
import { bootstrapOf } from "./bootstrap.ts";
import type { StartProxy } from "./subject.ts";
import type { LoadVector } from "./vectors.ts";

/** Starts a proxy on a bootstrap that must be served, or refused with an error that says why. */
export async function runLoad(vector: LoadVector, start: StartProxy): Promise<void> {
  const bootstrap = bootstrapOf(vector, 1);
  if (vector.expect.outcome === "load") {
    await using proxy = await start(bootstrap);
    assert.equal(await proxy.admin.isReady(), true);
    return;
  }
  const parts = vector.expect.message_has ?? [];
  await assert.rejects(
    async () => {
      await using proxy = await start(bootstrap);
      await proxy.admin.isReady();
    },
    (error: Error) => parts.every((part) => error.message.includes(part)),
  );
}
