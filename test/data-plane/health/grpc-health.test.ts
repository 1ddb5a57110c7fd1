import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { healthRequest, HealthResponse } from "../../../data-plane/health/grpc-health.ts";
import { schema } from "../parse-kit.ts";

/** Whether the bytes are a response that may go on, and say SERVING. */
function read(hex: string): readonly [isGood: boolean, isServing: boolean] {
  const response = new HealthResponse();
  return [response.add(Buffer.from(hex, "hex")), response.isServing];
}

describe("healthRequest()", () => {
  it("is the message that others read too", () => {
    for (const service of ["shop", "s".repeat(300)]) {
      const bytes = healthRequest(service);
      assert.equal(bytes.readUInt32BE(1), bytes.length - 5);
      const message = schema.decode("grpc.health.v1.HealthCheckRequest", bytes.subarray(5));
      assert.deepEqual({ ...message }, { service });
    }
    assert.equal(healthRequest("").toString("hex"), "0000000000");
  });
});

describe("HealthResponse", () => {
  const rows: readonly (readonly [story: string, hex: string, isGood: boolean, isServing: boolean])[] = [
    ["SERVING", "00000000020801", true, true],
    ["NOT_SERVING", "00000000020802", true, false],
    ["nothing", "", true, false],
    ["an empty message, which does not count", "0000000000", true, false],
    ["fields that are not known, before and behind", "000000000d18010801220212342500000000", true, true],
    ["a field behind that is not known", "000000000608011a020102", true, true],
    ["the last of two values", "000000000408020801", true, true],
    ["two messages", "0000000002080100000000020801", false, true],
    ["a compressed message", "01000000020801", false, false],
    ["a varint without end", "0000000002ffff", false, false],
    ["a field that is longer than the message", "000000000308010a", false, false],
    ["a length that no response has", "0000010000", false, false],
  ];
  for (const [story, hex, isGood, isServing] of rows) {
    it(`reads ${story}`, () => assert.deepEqual(read(hex), [isGood, isServing]));
  }
});
