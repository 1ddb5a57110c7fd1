import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tlvTypeName } from "../../../data-plane/proxy-protocol/tlv-types.ts";

describe("tlvTypeName()", () => {
  for (const [type, name] of [
    [0x01, "PP2_TYPE_ALPN"],
    [0xea, "PP2_TYPE_AWS"],
    [0xee, "PP2_TYPE_AZURE"],
    [0xe0, "PP2_TYPE_GCP"],
    [0xe1, "custom 0xE1"],
    [0xf5, "experimental 0xF5"],
    [0xff, "future 0xFF"],
    [0x07, "unknown 0x07"],
  ] as const) {
    it(`calls ${type} ${name}`, () => assert.equal(tlvTypeName(type), name));
  }
});
