import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeHoldings, type StreamHoldings } from "../../src/fleet/node-config.ts";
import { CDS, LDS } from "./transcript.ts";

function stream(streamId: number, ...resources: readonly (readonly [string, string])[]): StreamHoldings {
  const holdings = resources.map(([typeUrl, name]) => ({
    typeUrl,
    name,
    standing: { kind: "holds", version: `of stream ${streamId}` } as const,
  }));
  return { streamId, isWriting: false, holdings };
}

describe("nodeHoldings()", () => {
  it("puts streams of one type each together", () => {
    const names = nodeHoldings([stream(2, [LDS, "l"]), stream(1, [CDS, "a"], [CDS, "b"])]);
    assert.deepEqual(
      names.map(({ name }) => name),
      ["l", "a", "b"],
    );
  });

  it("believes the newest stream of a type: an older one may be half-open (XDS-9)", () => {
    const found = nodeHoldings([stream(7, [CDS, "a"]), stream(3, [CDS, "a"], [CDS, "b"])]);
    assert.deepEqual(
      found.map(({ name, streamId }) => [name, streamId]),
      [["a", 7]],
    );
  });
});
