import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  countersOf,
  type HeaderVerdict,
  isProtocolError,
  proxyProtocolCounters,
} from "../../../data-plane/proxy-protocol/verdict.ts";

// A LOCAL header: without addresses.
const header = { version: "V2", tlvs: [] } as const;

describe("the counters of a verdict", () => {
  const cases: readonly (readonly [
    story: string,
    HeaderVerdict,
    counters: readonly string[],
    isError: boolean,
  ])[] = [
    ["waiting counts nothing (PP-128)", { kind: "more", atLeast: 16 }, [], false],
    [
      "a header that was handled is found, LOCAL too (PP-125)",
      { kind: "accept", consumed: 16, header },
      ["versions.v2.found"],
      false,
    ],
    ["a header that may be missing (PP-126)", { kind: "pass-through" }, ["not_found_allowed"], false],
    [
      "no version recognised (PP-126), an error (PP-127)",
      { kind: "refuse", cause: "not-found", reason: "" },
      ["not_found_disallowed"],
      true,
    ],
    [
      "a version recognised and refused (PP-125), an error (PP-127)",
      { kind: "refuse", cause: "malformed", version: "V1", reason: "" },
      ["versions.v1.error"],
      true,
    ],
    [
      "a denial is found as well (PP-126), and no error (PP-127)",
      { kind: "refuse", cause: "disallowed", version: "V1", reason: "" },
      ["versions.v1.found", "versions.v1.disallowed"],
      false,
    ],
  ];
  for (const [story, verdict, counters, isError] of cases) {
    it(story, () => assert.deepEqual([countersOf(verdict), isProtocolError(verdict)], [counters, isError]));
  }

  it("are all there from the start (PP-124)", () => {
    for (const name of cases.flatMap(([, , counters]) => counters)) {
      assert.ok(
        proxyProtocolCounters.some((known) => known === name),
        name,
      );
    }
  });
});
