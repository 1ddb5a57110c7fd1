import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needs } from "../kit/peers.ts";
import { renameUnderLoad } from "./rename-under-load.ts";

describe("make before break with Envoy under load", needs("envoy"), () => {
  for (const apiType of ["GRPC", "DELTA_GRPC"] as const) {
    it(`${apiType}: XDS-96 XDS-97 ten renames of a cluster behind a route lose no request`, async () => {
      const result = await renameUnderLoad({
        apiType,
        isOrdered: true,
        count: 10,
        rate: 500,
        requestsBetween: 5,
      });
      assert.deepEqual([...result.answers], [["200", result.sent]]);
      assert.ok(result.sent >= 50);
    });
  }
});
