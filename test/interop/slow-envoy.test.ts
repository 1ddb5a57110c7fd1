import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLUSTER } from "../../src/xds/type-traits.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { within } from "../kit/within.ts";
import { bootstrap, encode } from "./ads-resources.ts";
import { hasClusters, soonMs, startServer } from "./ads-server.ts";

/** Of 2 MB, so that a few of them are more than sockets hold. */
function large(timeoutSeconds: number) {
  const message = {
    name: "large",
    connect_timeout: { seconds: String(timeoutSeconds) },
    metadata: { filter_metadata: { text: { fields: { text: { string_value: "x".repeat(2_000_000) } } } } },
  };
  return [{ typeUrl: CLUSTER, name: "large", bytes: encode(CLUSTER, message) }];
}

for (const apiType of ["GRPC", "DELTA_GRPC"]) {
  describe(`${apiType}: an Envoy that does not read`, { timeout: 60_000, ...needs("envoy") }, () => {
    it("XDS-122 XDS-123 delays no other, and has the newest when it goes on", async () => {
      await using up = await startServer(large(1));
      await using slow = await startEnvoy(bootstrap(apiType, up.port));
      await using fast = await startEnvoy(bootstrap(apiType, up.port));
      const [slowId, fastId] = up.log.of("streamOpened").map(({ streamId }) => streamId);
      const clusters = (kind: "sent" | "acked", id: number | undefined) =>
        up.log.of(kind).filter(({ typeUrl, streamId }) => typeUrl === CLUSTER && streamId === id).length;
      process.kill(slow.child.pid, "SIGSTOP");
      try {
        for (let count = 2; count <= 20; count += 1) {
          up.serve(large(count));
          await within(
            soonMs,
            `the other accepts its response ${count}`,
            up.log.until(() => clusters("acked", fastId) === count),
          );
        }
      } finally {
        process.kill(slow.child.pid, "SIGCONT");
      }
      await hasClusters(fast, { large: "20s" });
      await hasClusters(slow, { large: "20s" });
      assert.ok(clusters("sent", slowId) < clusters("sent", fastId));
    });
  });
}
