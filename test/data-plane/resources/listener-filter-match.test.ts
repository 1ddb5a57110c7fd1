import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isMatch,
  type ListenerFilterPredicate,
} from "../../../data-plane/resources/listener-filter-match.ts";
import { socketAddress } from "../../../src/base/ip-address.ts";

const on80 = { local: socketAddress("127.0.0.1", 80)! };
const ports = (start: number, end: number): ListenerFilterPredicate => ({
  destination_port_range: { start, end },
});

describe("filter_disabled of a listener filter (PP-11)", () => {
  const cases: readonly (readonly [story: string, predicate: ListenerFilterPredicate, holds: boolean])[] = [
    ["any_match holds", { any_match: true }, true],
    ["a range of ports has its start", ports(80, 81), true],
    ["and not its end", ports(79, 80), false],
    ["not_match turns it round", { not_match: ports(79, 80) }, true],
    ["or_match wants one", { or_match: { rules: [ports(1, 2), ports(80, 90)] } }, true],
    ["or_match of none", { or_match: { rules: [ports(1, 2), ports(3, 4)] } }, false],
    ["and_match wants all", { and_match: { rules: [ports(1, 2), ports(80, 90)] } }, false],
    ["and_match of all", { and_match: { rules: [{ any_match: true }, ports(80, 90)] } }, true],
  ];
  for (const [story, predicate, holds] of cases) {
    it(story, () => assert.equal(isMatch(predicate, on80), holds));
  }

  it("a unix socket is in no range of ports", () => {
    assert.equal(isMatch(ports(0, 65535), { local: { family: "pipe", path: "/x" } }), false);
  });
});
